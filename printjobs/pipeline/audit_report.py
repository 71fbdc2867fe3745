"""The audit report of a city (監査報告書): figures, what differs, batches with their hashes, and who looked at it."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from xml.sax.saxutils import escape

from printjobs import reference
from printjobs.core import japanese
from printjobs.core.audit import SIDE_NAMES, Figures, Side
from printjobs.core.model import PieceStatus
from printjobs.reference import returns as reasons
from printjobs.reference.timetable import local
from printjobs.render import documents
from printjobs.render.documents import Section
from printjobs.store import audit
from printjobs.store.runs import Record
from printjobs.trust.signing import CouncilKey

from . import returning
from .auditing import figures
from .context import Context
from .returning import Count

_MEANINGS = {
    Side.RECEIVED: "市が送付票とともに提出した通知",
    Side.REJECTED: "データに問題があり、印刷しなかった通知",
    Side.PULLED: "市の指示で引き抜き、差し出さなかった通知",
    Side.PRINTED: "今の封筒の印刷まで終わった通知",
    Side.INSERTED: "全部の紙をカメラで確かめ、封入した通知",
    Side.MAILED: "郵便局に差し出した通知",
    Side.OUTSTANDING: "まだ終わりのない通知",
    Side.RETURNED: "差し出した後、返戻として登録した通知",
    Side.CHARGED: "負担金に計上した通知",
}
_OPEN = "未確定"
_SIGNS = {True: "＝", False: "≠"}


class About(NamedTuple):
    """What stands in a report beside the database's own. ``by`` is who signs off, empty for nobody yet."""

    at: datetime
    journal_hash: str
    by: str = ""
    roots: Mapping[str, str] = {}


class Report(NamedTuple):
    """A signed report and the figures in it."""

    pdf: bytes
    figures: Figures


def report(context: Context, run_id: str, city: str, journal_hash: str) -> Report:
    """The state of a city's audit now, signed by the council; that somebody of the city saw it is not said in it."""
    found = figures(context, run_id, city)
    with context.engine.connect() as connection:
        roots = audit.roots(connection, run_id, found.city)
    return Report(make(context, found, About(context.now(), journal_hash, roots=roots)), found)


def make(context: Context, found: Figures, about: About) -> bytes:
    """The report as a signed PDF. The same figures and the same moment give the same bytes."""
    run = context.run(found.run)
    key = CouncilKey(context.settings.secret_bytes())
    with context.engine.connect() as connection:
        batches = audit.batch_counts(connection, found.run, found.city)
    name = reference.city(found.city).name
    what = f"{japanese.era_year(run.year)}度 {context.kind(run.kind).name} 当初通知"
    moment = local(about.at)
    facts = [
        ("通知", what),
        ("回", f"{run.id}（発送日 {japanese.era_date(run.mailing_date)}）"),
        ("判定", "すべての件数が一致" if found.balanced else "件数に差があります（差の内訳を参照）"),
        ("件数の式", _equation_of(found)),
        ("確認", f"{escape(about.by)}　{_moment(moment)}" if about.by else "（市の確認前）"),
        ("作成", _moment(moment)),
        ("操作記録", about.journal_hash or "（なし）"),
        ("署名の鍵", key.key_id),
    ]
    sink = io.BytesIO()
    documents.write(
        sink,
        context.fonts,
        title=f"監査報告書　{name}",
        facts=facts,
        sections=[
            _equation(found),
            *_differences(found),
            *_returned(returning.by_reason(context, found.run, found.city)),
            _batches(batches, about.roots),
        ],
        notes=(
            "・件数は通知の数です。それぞれの段階が自分で記録した数で、前の段階の数を写したものではありません。",
            "・受領 ＝ はじき ＋ 引抜き ＋ 差出し ＋ 未了、差出し ＝ 請求 のとき、件数が一致しています。",
            "・ルートは、バッチごとに市の通知すべてから計算した値です。証明（audit proof）から計算した値と比べます。",
            "・操作記録は、作成したときの最新の記録の値です。この値より前の記録は、後から変えると分かります。",
            "・このPDFには協議会の電子署名があります。協議会の証明書（audit certificate）で確かめられます。",
        ),
    )
    from printjobs.trust.pdf_signature import sign_pdf  # pyHanko takes as long to load as all that every step needs

    return sign_pdf(sink.getvalue(), key, about.at, f"Audit report {found.run} {found.city}")


def _moment(at: datetime) -> str:
    return f"{japanese.era_date(at.date().isoformat())} {at:%H:%M}"


def _equation_of(found: Figures) -> str:
    """The two equations with their figures; what is not equal says so."""
    told = found.equation
    ends = (Side.REJECTED, Side.PULLED, Side.MAILED, Side.OUTSTANDING)
    whole = sum(found.of(side) or 0 for side in ends) == told.received
    parts = " ＋ ".join(f"{SIDE_NAMES[side]} {found.of(side):,}" for side in ends)
    billed = _OPEN if told.charged is None else f"{told.charged:,}"
    paid = told.charged in (None, told.mailed)
    return f"受領 {told.received:,} {_SIGNS[whole]} {parts}<br/>差出し {told.mailed:,} {_SIGNS[paid]} 請求 {billed}"


def _equation(found: Figures) -> Section:
    rows: list[Sequence[str | int]] = []
    for side in Side:
        count = found.of(side)
        rows.append((SIDE_NAMES[side], _OPEN if count is None else count, _MEANINGS[side]))
    return Section("件数の突合", ("項目", "通知", "数えたもの"), rows, (30, 30, 110))


def _differences(found: Figures) -> Iterator[Section]:
    if found.differences:
        rows = [(d.message, d.notices, "、".join(d.numbers) or "（件数のみ）") for d in found.differences]
        yield Section("差の内訳", ("差", "通知", "通知書番号（20件まで）"), rows, (62, 18, 90))


def _returned(counts: Sequence[Count]) -> Iterator[Section]:
    if counts:
        names = reasons.reasons()
        rows: list[Sequence[str | int]] = [(names[c.reason], c.pieces, c.notices) for c in counts]
        rows.append(("合計", sum(c.pieces for c in counts), sum(c.notices for c in counts)))
        yield Section("返戻", ("理由", "封筒", "通知"), rows, (110, 30, 30))


def _batches(rows: Sequence[Record], roots: Mapping[str, str]) -> Section:
    """Each batch that the city has envelopes in: notices in all, mailed and made again elsewhere, manifest and root."""
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    sealed = {}
    for row in rows:
        counts[row.id][row.status] = int(row.notices)
        sealed[row.id] = row.manifest_sha256
    told: list[Sequence[str | int]] = [
        (
            batch, sum(by.values()), by.get(PieceStatus.MAILED, 0), by.get(PieceStatus.SUPERSEDED, 0),
            f"{_in_two(sealed[batch])}\n{_in_two(roots.get(batch, ''))}",
        )
        for batch, by in counts.items()
    ]  # fmt: skip
    if "" in roots:
        told.append(("（封筒なし）", "", "", "", f"－\n{_in_two(roots[''])}"))
    titles = ("バッチ", "通知", "差出し", "作り直し", "上: manifest.json の SHA-256　下: ルート")
    return Section("バッチ", titles, told, (44, 16, 16, 18, 76))


def _in_two(digest: str) -> str:
    """A SHA-256 on two lines."""
    half = len(digest) // 2
    return f"{digest[:half]}\n{digest[half:]}" if digest else "（まだありません）"
