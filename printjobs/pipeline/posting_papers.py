"""What goes to the posting office with a run (差出票, 内訳票, 区分票, ケース票): PDF to print, CSV to reckon with."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from printjobs import reference
from printjobs.core import japanese
from printjobs.core.cost.statements import Row, Statement, statements
from printjobs.core.model import PieceStatus, Refused
from printjobs.core.postage.parts import SORTING_WORDS
from printjobs.core.postage.posting import Route
from printjobs.core.postage.table import PostageTable
from printjobs.core.rounding import ROUNDING_WORDS
from printjobs.render.posting_statement import Breakdown, Paper, write_statement
from printjobs.store import production, pulls
from printjobs.store.runs import Record

from . import costing, posting_labels
from .context import Context
from .explaining import Why, explained, with_more_time
from .posting_labels import ABROAD, Cells
from .spreadsheets import as_csv

_ROUTES = {
    Route.PLAIN: "料金後納（割引なし）",
    Route.WITHIN: "料金後納　郵便区内特別郵便物",
    Route.BARCODE: "料金後納　バーコード割引",
    Route.SORTED: "料金後納　区分郵便物",
}
_DELAYS = {
    0: "なし（料金後納の表示の線 1本）",
    3: "3日程度（料金後納の表示の線 2本）",
    7: "7日程度（料金後納の表示の線 3本）",
}
_CODED = {True: "あり", False: "なし"}
_SUM = "合計"
_LOT_COLUMNS = ("差出し", "差出人コード", "差出人", "郵便区番号", "重量・形状", "バーコード", "区分", "通数")
_SENDER_COLUMNS = ("差出し", "名前", "差出人コード", "差出人", "通数", "金額")
_ROW_COLUMNS = (
    "差出し", "名前", "差出人", "重量・形状", "バーコード", "通数", "1通の料金", "割引率", "割引の内訳", "金額",
)  # fmt: skip
_ALL = "連名"


class Waiting(NamedTuple):
    """Envelopes that are not yet as they will be posted: not inserted, to be made again, to be taken out."""

    making: int
    spoiled: int
    pulls: int


class Postings(NamedTuple):
    """A run's statements, why they are so, and what is still to come in before they are handed in.

    ``later``: what a longer delay would save.
    """

    run: Record
    statements: list[Statement]
    table: PostageTable
    waiting: Waiting
    why: tuple[Why, ...] = ()
    later: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        return not any(self.waiting)


class Written(NamedTuple):
    """What was written: file names, and how many bundles, trays and pieces there are labels for."""

    files: list[str]
    bundles: int
    trays: int
    pieces: int


def postings(context: Context, run_id: str) -> Postings:
    """The statements of what a run mails, by the counts of now; :class:`Refused` before it is planned."""
    run = context.run(run_id)
    with context.engine.connect() as connection:
        if not production.batches(connection, run_id):
            raise Refused(f"回 {run_id} はまだ封筒の計画がありません。run go を行ってから作ってください。")
        planned, released, spoiled = (
            production.count_pieces(connection, run_id, status)
            for status in (PieceStatus.PLANNED, PieceStatus.RELEASED, PieceStatus.SPOILED)
        )
        ended = (PieceStatus.PULLED, PieceStatus.SUPERSEDED, PieceStatus.MAILED)
        to_take_out = sum(e.status not in ended for e in pulls.envelopes(connection, run_id))
    case = costing.cost(context, run_id).case
    waiting = Waiting(planned + released, spoiled, to_take_out)
    why, later = explained(case.mail.postings, case), with_more_time(run, case)
    return Postings(run, statements(case), case.table, waiting, why, later)


def write(context: Context, found: Postings, put: Callable[[str, bytes], None]) -> Written:
    """Make every paper, one file at a time, and give it to ``put`` with its name."""
    names: list[str] = []

    def keep(name: str, data: bytes) -> None:
        put(name, data)
        names.append(name)

    for statement in found.statements:
        keep(f"statement-{_name(statement)}.pdf", statement_pdf(context, found, statement))
    keep("statements.csv", as_csv([_ROW_COLUMNS, *(cells for s in found.statements for cells in _row_cells(s))]))
    keep("senders.csv", as_csv([_SENDER_COLUMNS, *(cells for s in found.statements for cells in _sender_cells(s))]))
    keep("breakdown.csv", as_csv([_LOT_COLUMNS, *(cells for s in found.statements for cells in _lot_cells(s))]))
    titles = {s.posting.number: f"差出し{s.posting.number}" if s.part else s.title for s in found.statements}
    titles[0] = _ROUTES[Route.PLAIN]
    bundles: list[Cells] = []
    trays: list[Cells] = []
    pieces = 0
    for batch in posting_labels.packed(context, found.run.id):
        for name, data in posting_labels.labels(context, found.run, batch, titles):
            keep(name, data)
        bundles += posting_labels.bundle_cells(batch)
        trays += posting_labels.tray_cells(batch)
        pieces += batch.pieces
    keep("bundles.csv", as_csv([posting_labels.BUNDLE_COLUMNS, *bundles]))
    keep("trays.csv", as_csv([posting_labels.TRAY_COLUMNS, *trays]))
    return Written(names, len(bundles), len(trays), pieces)


def statement_pdf(context: Context, found: Postings, statement: Statement) -> bytes:
    """A statement with its breakdown and its copy."""
    sink = io.BytesIO()
    write_statement(sink, context.fonts, _paper(context, found, statement), found.run.mailing_date)
    return sink.getvalue()


def _paper(context: Context, found: Postings, statement: Statement) -> Paper:
    posting, run = statement.posting, found.run
    names = [reference.city(sender.city).name for sender in statement.senders]
    only = reference.city(statement.senders[0].city)
    who = f"{only.name}<br/>{japanese.postal_code(only.postal_code)}　{only.address}"
    if joint := len(names) > 1:
        who = f"{'、'.join(names)}<br/>（{len(names)}者の連名。差出人ごとの数と金額は内訳票）"
    facts = (
        ("差出人", who),
        ("差出し", f"{japanese.era_date(run.mailing_date)}　{statement.title}"),
        ("後納のお客さま番号", "（差出人ごとに内訳票に書く）" if joint else ""),
        ("郵便物", f"{japanese.era_year(run.year)}度 {context.kind(run.kind).name} 当初通知（{run.id}）"),
        ("取扱い", _ROUTES[posting.terms.route]),
        ("送達の余裕", _DELAYS[posting.terms.delay]),
        ("差し出す所", _where(statement)),
        ("通数・金額", f"{statement.pieces:,}通　{statement.yen:,}円"),
    )
    rows: list[Cells] = [_row(row) for row in statement.rows]
    rows.append((_SUM, "", statement.pieces, "", "", "", statement.yen))
    breakdowns = [] if posting.terms.route is Route.PLAIN else list(_breakdowns(statement))
    return Paper(facts, rows, breakdowns, list(_notes(found, statement)), draft=not found.ready)


def _where(statement: Statement) -> str:
    terms, offices = statement.posting.terms, {lot.office for lot in statement.posting.lots}
    if terms.regional:
        return "地域区分局"
    if terms.route is Route.WITHIN:
        return f"あて先の郵便区（郵便区番号 {'、'.join(sorted(offices))}）の郵便局"
    return "差出局（後納の承認を受けた郵便局）"


def _notes(found: Postings, statement: Statement) -> Iterator[str]:
    rounding = ROUNDING_WORDS[found.table.rounding]
    table = japanese.era_date(found.table.valid_from)
    yield f"・金額は{table}からの料金表により、行ごとに円未満を{rounding}にしています。"
    if statement.posting.terms.route is not Route.PLAIN:
        yield "・割引は全部の通数によります。同じ日に、同じ局に、まとめて差し出します。"
    if statement.part:
        yield (
            f"・抜取りなどで通数が変わり、差出し{statement.posting.number}は差出票を分けました。"
            "束から、この差出票の分だけを差出人ごとに分けて差し出します。"
        )
    if len(statement.senders) > 1:
        yield "・差出人ごとの金額は、協議会の按分の規則によります。その和は合計と一致します。"
    if not found.ready:
        making, spoiled, pull = found.waiting
        yield (
            f"・下書きです。封入の報告待ち {making:,}通、作り直し待ち {spoiled:,}通、抜取りの報告待ち {pull:,}通。"
            "そろってから作り直し、下書きの字のないものを差し出してください。"
        )


def _row(row: Row) -> Cells:
    line = row.line
    parts = "\n".join(f"{part.name} {part.percent}%" for part in row.parts)
    off = (f"{line.percent}%", parts) if row.parts else ("なし", "")
    return (line.mail_class, _coded(row) or "－", line.pieces, line.unit_yen, *off, line.yen)


def _coded(row: Row) -> str:
    """Whether a row's pieces have barcodes; empty where it does not matter to their price."""
    return _CODED[row.line.barcode] if row.parts else ""


def _breakdowns(statement: Statement) -> Iterator[Breakdown]:
    """By sender, where there are several, and by delivery office; a column for each kind of weight and shape."""
    posting = statement.posting
    kinds = tuple(dict.fromkeys(row.line.mail_class for row in statement.rows))
    by_city: defaultdict[str, Counter[str]] = defaultdict(Counter)
    by_office: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for lot in posting.lots:
        by_city[lot.city][lot.mail_class] += lot.pieces
        by_office[lot.office, lot.sorting][lot.mail_class] += lot.pieces
    whole = [sum(own[kind] for own in by_city.values()) for kind in kinds]
    rows: list[Cells]
    if len(statement.senders) > 1:
        names = {sender: reference.city(sender.city).name for sender in statement.senders}
        rows = [(names[s], "", s.pieces, s.yen) for s in statement.senders]
        rows.append((_SUM, "", statement.pieces, statement.yen))
        first = (("差出人", 40.0), ("後納のお客さま番号", 60.0))
        yield Breakdown("差出人ごとの通数と金額", first, ("通数", "金額（円）"), rows)
        rows = [(names[s], *(by_city[s.city][kind] for kind in kinds), s.pieces) for s in statement.senders]
        rows.append((_SUM, *whole, statement.pieces))
        yield Breakdown("差出人・種類ごとの通数", (("差出人", 26.0),), (*kinds, "通数"), rows)
    rows = [
        (office, SORTING_WORDS[sorting], *(own[kind] for kind in kinds), own.total())
        for (office, sorting), own in sorted(by_office.items())
    ]
    rows.append((_SUM, "", *whole, statement.pieces))
    first = (("郵便区番号", 22.0), ("区分のしかた", 28.0))
    yield Breakdown("郵便区番号・種類ごとの通数", first, (*kinds, "通数"), rows)


def _name(statement: Statement) -> str:
    """A statement's name in file names: its posting, its part, and the sender where each hands in its own."""
    number = f"{statement.posting.number:02d}"
    if statement.part:
        return f"{number}-{statement.part}"
    return number if statement.posting.number else f"{number}-{statement.senders[0].city}"


def sender_name(statement: Statement) -> str:
    """Who hands it in: a city, or several together."""
    senders = statement.senders
    return _ALL if len(senders) > 1 else reference.city(senders[0].city).name


def _row_cells(statement: Statement) -> Iterator[Cells]:
    for row in statement.rows:
        line = row.line
        told = "＋".join(f"{part.name}{part.percent}" for part in row.parts)
        price = (line.pieces, line.unit_yen, str(line.percent), told, line.yen)
        who = (statement.posting.number, statement.title, sender_name(statement))
        yield (*who, line.mail_class, _coded(row), *price)


def _sender_cells(statement: Statement) -> Iterator[Cells]:
    for sender in statement.senders:
        name = reference.city(sender.city).name
        yield (statement.posting.number, statement.title, sender.city, name, sender.pieces, sender.yen)


def _lot_cells(statement: Statement) -> Iterator[Cells]:
    for lot in statement.posting.lots:
        who = (statement.posting.number, lot.city, reference.city(lot.city).name)
        what = (lot.mail_class, _CODED[lot.barcode], SORTING_WORDS[lot.sorting], lot.pieces)
        yield (*who, lot.office or ABROAD, *what)
