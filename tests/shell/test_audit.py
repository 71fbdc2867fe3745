"""A city sees of each of its notices what became of it, signs that off, and can prove it with nothing but its list."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from printjobs import store
from printjobs.core.audit import Fault, Side
from printjobs.core.marks import sheet
from printjobs.core.model import BadInput, NotFound, Refused, UsageError
from printjobs.pipeline import Context, audit_report, auditing, extracting, history, proving, returning, signing_off
from printjobs.pipeline.audit_report import About
from printjobs.reference import returns
from printjobs.render import raster
from printjobs.render.extract import texts
from printjobs.store import audit
from printjobs.trust.pdf_signature import certificate_pem
from printjobs.trust.signing import CouncilKey
from tests import audited
from tests.audited import BAD, LAST, MARKER, PULLED
from tests.golden.paper import squeezed
from tests.handin import KUSATSU, MORIYAMA, RITTO, RUN, Desk, HandIn, notice_number
from tests.tools import tool

USAGE, RULE, INPUT = 2, 3, 4
HEAD = "ab" * 32  # of a journal
BY = "監査　見届子"
FIGURES = {
    "received": LAST, "rejected": 1, "pulled": 1, "printed": LAST - 1, "inserted": LAST - 2, "mailed": LAST - 2,
    "outstanding": 0, "returned": 0, "charged": LAST - 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The run as the vendor has it; not to be changed."""
    return audited.release(tmp_path_factory.mktemp("audited") / "home")


def copied(desk: Desk, home: Path) -> Desk:
    shutil.copytree(desk.home, home)
    return Desk(home)


@pytest.fixture(scope="module")
def closed(released: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The run when it is closed; not to be changed."""
    return audited.close(copied(released, tmp_path_factory.mktemp("closed") / "home"))


@pytest.fixture
def desk(closed: Desk, tmp_path: Path) -> Desk:
    """A copy that may be changed."""
    return copied(closed, tmp_path / "home")


@pytest.fixture
def context(desk: Desk) -> Iterator[Context]:
    context = desk.context()
    yield context
    context.engine.dispose()


def change(context: Context, statement: str) -> None:
    with store.writing(context.engine) as connection:
        assert connection.exec_driver_sql(statement).rowcount == 1


def sides(figures: auditing.Figures) -> dict[str, int | None]:
    return {str(side): figures.of(side) for side in Side}


def numbers(context: Context, which: Side | Fault, city: str = KUSATSU) -> list[str]:
    return [one.number for one in auditing.notices(context, RUN, city, which)]


# Figures and what is behind them


def test_the_figures_of_a_closed_run_say_what_became_of_every_notice(closed: Desk) -> None:
    told = closed("audit", "show", RUN, KUSATSU, "--json")
    assert (told.code, told.json["figures"]) == (0, FIGURES)
    assert (told.json["balanced"], told.json["differences"], told.json["run_status"]) == (True, [], "closed")
    shown = closed("audit", "show", RUN, KUSATSU)
    assert (shown.code, "件数は一致しています" in shown.out) == (0, True)


def test_behind_every_figure_there_are_as_many_notices_as_it_says(closed: Desk) -> None:
    context = closed.context()
    for city in (KUSATSU, MORIYAMA, RITTO):
        figures = auditing.figures(context, RUN, city)
        assert {side: len(numbers(context, side, city)) for side in Side} == {s: figures.of(s) or 0 for s in Side}
    assert numbers(context, Side.REJECTED) == [notice_number(BAD)]
    assert numbers(context, Side.PULLED) == [notice_number(PULLED)]
    assert set(numbers(context, Side.CHARGED)) == set(numbers(context, Side.MAILED))
    assert context.run(RUN).status == "closed"


def test_while_the_vendor_is_at_work_the_figures_are_those_of_that_moment(released: Desk, tmp_path: Path) -> None:
    context = copied(released, tmp_path / "home").context()
    before = auditing.figures(context, RUN, KUSATSU)
    assert sides(before) == FIGURES | {
        "pulled": 0, "printed": 0, "inserted": 0, "mailed": 0, "outstanding": LAST - 1, "charged": None,
    }  # fmt: skip
    change(context, f"INSERT INTO stage (batch_id, stage, count, at) VALUES ('{RUN}-B002', 'printed', 1, '2026-04-01')")
    of_batch = sum(one.batch == f"{RUN}-B002" for one in auditing.notices(context, RUN, KUSATSU, Side.RECEIVED))
    assert 0 < of_batch < LAST - 1
    assert auditing.figures(context, RUN, KUSATSU).printed == of_batch


def test_a_run_that_is_not_planned_has_all_its_notices_outstanding(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    assert desk("run", "open", "property_tax", 2026).code == 0
    assert sides(auditing.figures(desk.context(), RUN, KUSATSU))["received"] == 0
    assert desk.submit(audited.HandIn(KUSATSU, 3)).code == 0
    assert desk("pull", "order", RUN, KUSATSU, notice_number(2), "--reason", "death").code == 0
    context = desk.context()
    found = auditing.figures(context, RUN, KUSATSU)
    assert (found.of(Side.OUTSTANDING), found.of(Side.PULLED), found.balanced) == (2, 1, True)
    assert numbers(context, Side.OUTSTANDING) == [notice_number(1), notice_number(3)]
    lines = auditing.notices(context, RUN, KUSATSU, Side.RECEIVED)
    assert [one.status for one in lines] == ["received", "pulled", "received"]


@pytest.mark.parametrize("limit", [1, 3, LAST])
def test_pages_of_a_list_come_to_the_whole_list(closed: Desk, limit: int) -> None:
    context = closed.context()
    for which in (Side.RECEIVED, Side.MAILED, Side.REJECTED):
        found: list[str] = []
        after = ""
        while page := auditing.notices(context, RUN, KUSATSU, which, after, limit):
            assert len(page) <= limit
            found += [one.number for one in page]
            after = found[-1]
        assert found == numbers(context, which)


def test_the_command_lists_what_is_behind_a_figure(closed: Desk) -> None:
    told = closed("audit", "list", RUN, KUSATSU, "mailed", "--limit", 2, "--json").json
    assert [one["number"] for one in told] == [notice_number(1), notice_number(2)]
    assert "はじき" in closed("audit", "list", RUN, KUSATSU, "rejected").out
    assert closed("audit", "list", RUN, KUSATSU, "nothing").code == USAGE
    assert closed("audit", "show", RUN, "131016").code == closed("audit", "show", "x-2026", KUSATSU).code == USAGE


# What differs

ONE = "SELECT id FROM notice WHERE city = '{city}' AND number = '{number}'"
MAILED = notice_number(LAST)  # never reprinted
AGAIN = notice_number(2)  # reprinted


def place(context: Context, number: str, generation: int = 1) -> tuple[str, int]:
    with context.engine.connect() as connection:
        rows = audit.placements_of(connection, RUN, KUSATSU, number)
    return next((r.batch_id, r.piece) for r in rows if r.generation == generation)


def where(context: Context, number: str, generation: int = 1) -> str:
    return "batch_id = '{}' AND number = {}".format(*place(context, number, generation))


def break_it(context: Context, fault: Fault) -> str:
    """Make a difference past all our own code; the number of the notice that it is about."""
    moment = "'2026-04-01 00:00:00'"
    batch, piece = place(context, notice_number(PULLED))
    ordered = f"'{RUN}', '{KUSATSU}', '{MAILED}', 'other', {moment}, '', 0"
    came = f"'{RUN}', '{KUSATSU}', '{batch}', {piece}, 'other', {moment}"
    statement, number = {
        Fault.LOST: (f"DELETE FROM placement WHERE notice_id = ({ONE.format(city=KUSATSU, number=MAILED)})", MAILED),
        Fault.TWICE: (f"UPDATE piece SET status = 'mailed' WHERE {where(context, AGAIN)}", AGAIN),
        Fault.PULLED_MAILED: (
            f"INSERT INTO pull_order (run_id, city, number, reason, ordered_at, batch_id, piece) VALUES ({ordered})",
            MAILED,
        ),
        Fault.PULLED_UNORDERED: ("DELETE FROM pull_order", notice_number(PULLED)),
        Fault.POSTED_OPEN: (f"UPDATE piece SET status = 'inserted' WHERE {where(context, MAILED)}", MAILED),
        Fault.RETURNED_UNMAILED: (
            f"INSERT INTO returned (run_id, city, batch_id, piece, reason, at) VALUES ({came})", notice_number(PULLED),
        ),
        Fault.CHARGED_DIFFERS: (
            f"UPDATE charge SET notices = notices + 1 WHERE id = (SELECT MIN(id) FROM charge WHERE city = '{KUSATSU}')",
            "",
        ),
        Fault.COUNT_DIFFERS: (f"UPDATE piece SET notices = 2 WHERE {where(context, MAILED)}", ""),
    }[fault]  # fmt: skip
    if fault is Fault.CHARGED_DIFFERS:  # who holds the file can take the guard of the ledger away
        with store.writing(context.engine) as connection:
            connection.exec_driver_sql("DROP TRIGGER charge_no_UPDATE")
    change(context, statement)
    return number


@pytest.mark.parametrize("fault", list(Fault))
def test_whatever_makes_a_side_differ_is_named_with_its_notice_and_nobody_can_sign_it(
    context: Context, fault: Fault
) -> None:
    number = break_it(context, fault)
    figures = auditing.figures(context, RUN, KUSATSU)
    found = next(d for d in figures.differences if d.fault is fault)
    assert (found.notices, found.numbers, figures.balanced) == (1, (number,) * bool(number), False)
    assert set(numbers(context, fault)) == set(found.numbers)
    assert auditing.figures(context, RUN, MORIYAMA).balanced
    for refuse in (
        lambda: signing_off.sign_off(context, RUN, KUSATSU, BY, HEAD),
        lambda: proving.make(context, RUN, KUSATSU),
    ):
        with pytest.raises(Refused, match=found.message):
            refuse()


def test_a_difference_stands_on_the_terminal_and_in_the_report(desk: Desk, context: Context) -> None:
    number = break_it(context, Fault.PULLED_MAILED)
    told = desk("audit", "show", RUN, KUSATSU)
    assert (told.code, "差し出した通知 1件" in told.out, number in told.out) == (RULE, True, True)
    said = squeezed("".join(texts(audit_report.report(context, RUN, KUSATSU, HEAD).pdf)))
    assert "件数に差があります" in said
    assert "受領12≠はじき1＋引抜き2＋" in said
    assert number in said


# One notice


def test_the_history_of_a_notice_that_was_made_again_has_both_envelopes_and_the_post(closed: Desk) -> None:
    found = history.history(closed.context(), RUN, KUSATSU, AGAIN)
    assert (found.status, found.status_name, found.generations) == ("mailed", "差出し", (1, 2))
    words = [moment.what for moment in found.moments]
    wanted = ["submit", "accept", "placed", "package", "approve", "release"]
    assert [w for w in words if w in wanted][: len(wanted)] == wanted
    assert words.count("placed") == words.count("file") == words.count("release") == 2
    assert {"scan", "superseded", "mailed", "charge", "close"} <= set(words)
    assert [m.at for m in found.moments if m.what in ("scan", "release", "charge")].count(None) == 0
    files = {sha256(path.read_bytes()).hexdigest() for path in (closed.home / "batches").rglob("*.pdf")}
    told = {moment.message.split()[-1] for moment in found.moments if moment.what == "file"}
    assert len(told) == 2
    assert told <= files
    times = [m.at.replace(tzinfo=UTC) for m in found.moments if m.at]
    assert times == sorted(times)


def test_the_history_of_a_notice_that_was_not_mailed_says_why(closed: Desk) -> None:
    context = closed.context()
    pulled = history.history(context, RUN, KUSATSU, notice_number(PULLED))
    assert (pulled.status, "死亡" in str(pulled.moments)) == ("pulled", True)
    assert [m.what for m in pulled.moments if m.what in ("pull", "diverted", "charge")] == ["pull", "diverted"]
    rejected = history.history(context, RUN, KUSATSU, notice_number(BAD))
    assert (rejected.status, rejected.generations) == ("rejected", ())
    assert any("敬称" in moment.message for moment in rejected.moments)
    told = closed("audit", "history", RUN, KUSATSU, notice_number(PULLED))
    assert (told.code, "引抜きの指示（死亡）" in told.out) == (0, True)
    assert closed("audit", "history", RUN, KUSATSU, notice_number(1), "--json").json["status"] == "mailed"


def test_a_number_of_another_city_is_not_found(closed: Desk) -> None:
    with pytest.raises(NotFound):
        history.history(closed.context(), RUN, MORIYAMA, notice_number(LAST))


def test_the_very_pages_that_were_printed_are_shown_and_that_they_were_is_kept(context: Context) -> None:
    first, made = (extracting.extract(context, RUN, AGAIN, KUSATSU, generation) for generation in (1, 2))
    assert history.history(context, RUN, KUSATSU, AGAIN).pages == (first.pages, made.pages)
    pages = [history.page(context, RUN, KUSATSU, AGAIN, n) for n in (1, made.pages)]
    assert [(p.page, p.pages, p.generation) for p in pages] == [(1, made.pages, 2), (made.pages, made.pages, 2)]
    drawn = list(raster.pictures(made.pdf, history.DPI))
    assert [Image.open(BytesIO(p.png)).tobytes() for p in pages] == [drawn[0].tobytes(), drawn[-1].tobytes()]
    assert history.page(context, RUN, KUSATSU, AGAIN, 1, generation=1).generation == 1
    looked = history.history(context, RUN, KUSATSU, AGAIN).moments
    assert [m.what for m in looked].count("extract") == 5
    for wrong in (0, made.pages + 1):
        with pytest.raises(NotFound):
            history.page(context, RUN, KUSATSU, AGAIN, wrong)


# Export


def test_the_export_has_every_notice_with_its_end_and_nothing_personal(closed: Desk, tmp_path: Path) -> None:
    assert closed("audit", "export", RUN, KUSATSU, tmp_path / "all.csv").code == 0
    data = (tmp_path / "all.csv").read_bytes()
    assert data.startswith("\ufeff通知書番号".encode())
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["通知書番号"] for row in rows] == [notice_number(n) for n in range(1, LAST + 1)]
    by = {row["通知書番号"]: row for row in rows}
    assert (by[AGAIN]["状態"], by[AGAIN]["世代"]) == ("差出し", "2")
    assert (by[notice_number(PULLED)]["状態"], by[notice_number(PULLED)]["引抜きの理由"]) == ("引抜き", "死亡")
    assert "敬称" in by[notice_number(BAD)]["はじいた理由"]
    assert MARKER not in data.decode()
    assert closed("audit", "export", RUN, KUSATSU, tmp_path / "no" / "all.csv").code == USAGE


# Returned mail


def mark_of(context: Context, number: str, generation: int = 1, city: str = KUSATSU, **changed: int) -> str:
    """The mark on the first sheet of a notice's envelope."""
    with context.engine.connect() as connection:
        rows = audit.placements_of(connection, RUN, city, number)
    row = next(r for r in rows if r.generation == generation)
    made = sheet.SheetMark(context.run(RUN).code, row.batch, row.piece, 1, row.sheets, generation, 0, 0)
    return sheet.encode(made._replace(**changed), context.mark_key(RUN))


def test_an_envelope_that_came_back_is_registered_once_by_any_of_its_sheets(desk: Desk, context: Context) -> None:
    mark = mark_of(context, AGAIN, 2)
    before = auditing.stamp(context, RUN)
    told = desk("audit", "returned", KUSATSU, f" {mark[:17].lower()} {mark[17:]}\n", "--reason", "moved", "--json").json
    assert (told["numbers"], told["reason"], told["generation"], told["again"]) == ([AGAIN], "moved", 2, False)
    assert auditing.stamp(context, RUN) > before
    again = returning.register(context, KUSATSU, mark_of(context, AGAIN, 2, sheet=2), "refused")
    assert (again.again, again.reason) == (True, "moved")
    found = auditing.figures(context, RUN, KUSATSU)
    assert (found.returned, found.of(Side.MAILED), found.balanced) == (1, FIGURES["mailed"], True)
    assert [(one.number, one.returned) for one in auditing.notices(context, RUN, KUSATSU, Side.RETURNED)] == [
        (AGAIN, "moved")
    ]
    assert returning.by_reason(context, RUN, KUSATSU) == (returning.Count("moved", 1, 1),)
    assert "返戻（転居先不明）" in str(history.history(context, RUN, KUSATSU, AGAIN).moments)
    assert "転居先不明".encode() in b"".join(auditing.export(context, RUN, KUSATSU))
    shown = desk("audit", "returned", KUSATSU, mark, "--reason", "moved")
    assert (shown.code, "登録済み" in shown.out) == (0, True)


def test_another_citys_envelope_is_told_in_the_words_for_a_sheet_that_is_none_of_ours(context: Context) -> None:
    own = mark_of(context, AGAIN, 2)
    other = mark_of(context, notice_number(1), city=MORIYAMA)
    forged = own[:-1] + ("0" if own[-1] != "0" else "1")
    marks = (
        other, forged, "", "A", "1" * 34, own.replace(own[1:7], "ZZZZZZ"),
        mark_of(context, AGAIN, 2, sheet=0, flags=sheet.SEPARATOR), mark_of(context, AGAIN, 2, piece=9_999),
        mark_of(context, AGAIN, 2, of=9),
    )  # fmt: skip
    said = set()
    for mark in marks:
        with pytest.raises(Refused) as refused:
            returning.register(context, KUSATSU, mark, "moved")
        said.add(str(refused.value))
    assert len(said) == 1
    assert not context.engine.connect().exec_driver_sql("SELECT * FROM returned").all()


def test_what_is_not_in_the_post_cannot_come_back(context: Context) -> None:
    for number, generation in ((notice_number(PULLED), 1), (AGAIN, 1)):
        with pytest.raises(Refused, match="差出し済みになっていません"):
            returning.register(context, KUSATSU, mark_of(context, number, generation), "moved")
    with pytest.raises(UsageError, match="moved（転居先不明）"):
        returning.register(context, KUSATSU, mark_of(context, AGAIN, 2), "lost")
    assert list(returns.reasons())[:3] == ["unknown_address", "moved", "refused"]


def test_the_mark_is_read_from_a_photograph_of_the_sheet(closed: Desk) -> None:
    context = closed.context()
    printed = next(raster.pictures(extracting.extract(context, RUN, MAILED, KUSATSU).pdf, 200))
    held = BytesIO()
    printed.convert("RGB").rotate(7, expand=True, fillcolor="gray").save(held, "JPEG", quality=70)
    read = returning.decode_picture(held.getvalue()) or ""
    decoded = sheet.decode(read, context.mark_key(RUN))
    assert decoded is not None
    assert (f"{RUN}-B{decoded.batch:03d}", decoded.piece) == place(context, MAILED)
    empty = BytesIO()
    Image.new("L", (300, 300), 255).save(empty, "PNG")
    assert returning.decode_picture(empty.getvalue()) is None


def test_what_is_no_picture_or_too_large_a_one_is_not_opened() -> None:
    large, gif = BytesIO(), BytesIO()
    Image.new("1", (12_000, 12_000)).save(large, "PNG")
    Image.new("L", (30, 30)).save(gif, "GIF")
    cut = raster.png(Image.effect_noise((200, 200), 50))[:2_000]
    for data in (b"", b"%PDF-1.7", large.getvalue(), gif.getvalue(), cut):
        with pytest.raises(BadInput):
            returning.decode_picture(data)


# Report and sign-off


def validated(context: Context, pdf: bytes) -> Any:
    """What pyHanko's validator says of the one signature, trusting the council's certificate and nothing else."""
    key = CouncilKey(context.settings.secret_bytes())
    roots = list(load_certs_from_pemder_data(certificate_pem(key).encode()))
    (signature,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    return validate_pdf_signature(signature, ValidationContext(trust_roots=roots, allow_fetching=False))


def test_a_report_is_signed_by_the_council_and_any_change_to_it_is_seen(context: Context, tmp_path: Path) -> None:
    pdf = audit_report.report(context, RUN, KUSATSU, HEAD).pdf
    status = validated(context, pdf)
    assert (status.valid, status.intact, status.trusted, status.bottom_line) == (True, True, True, True)
    changed = bytearray(pdf)
    changed[pdf.index(b"stream\n") + 20] ^= 1
    assert not validated(context, bytes(changed)).intact
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    for words in (("pdfsig", "-nocert"), ("qpdf", "--check")):
        told = subprocess.run([tool(words[0]), words[1], path], capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr
    told = subprocess.run([tool("pdfsig"), "-nocert", path], capture_output=True, text=True, check=True)
    assert ("Signature is Valid" in told.stdout, "Total document signed" in told.stdout) == (True, True)


def test_a_report_says_all_figures_in_the_words_of_an_office(context: Context) -> None:
    pages = texts(audit_report.report(context, RUN, KUSATSU, HEAD).pdf)
    said = squeezed("".join(pages))
    for word in (
        "監査報告書",
        "草津市",
        "令和8年度固定資産税",
        "すべての件数が一致",
        "（市の確認前）",
        HEAD,
        f"{RUN}-B003",
    ):
        assert squeezed(word) in said, word
    assert MARKER not in said


def test_the_same_figures_at_the_same_moment_give_the_same_report(closed: Desk, desk: Desk) -> None:
    about = About(datetime(2026, 5, 1, 3, 4, tzinfo=UTC), HEAD, BY, {f"{RUN}-B001": "0" * 64})
    made = {
        audit_report.make(context, auditing.figures(context, RUN, KUSATSU), about)
        for context in (closed.context(), desk.context(), desk.context())
    }
    assert len(made) == 1
    assert validated(desk.context(), made.pop()).signer_reported_dt == about.at
    assert certificate_pem(CouncilKey(b"x" * 40)) == certificate_pem(CouncilKey(b"x" * 40))
    assert certificate_pem(CouncilKey(b"x" * 40)) != certificate_pem(CouncilKey(b"y" * 40))


def test_a_city_signs_its_audit_off_once_and_what_it_saw_is_kept(desk: Desk, context: Context, tmp_path: Path) -> None:
    done = signing_off.sign_off(context, RUN, KUSATSU, BY, HEAD)
    assert (done.by, done.figures, done.journal_hash, done.again) == (BY, FIGURES, HEAD, False)
    again = signing_off.sign_off(context, RUN, KUSATSU, "別の人", "cd" * 32)
    assert again == done._replace(again=True, at=again.at)
    pdf = signing_off.signed_report(context, RUN, KUSATSU)
    assert pdf is not None
    assert sha256(pdf).hexdigest() == done.pdf_sha256 == desk.files("audits")[f"audits/{RUN}/{KUSATSU}.pdf"]
    assert validated(context, pdf).bottom_line
    said = squeezed("".join(texts(pdf)))
    assert squeezed(BY) in said
    with context.engine.connect() as connection:
        roots = audit.roots(connection, RUN, KUSATSU)
    assert {b.batch: b.root for b in proving.make(context, RUN, KUSATSU).batches} == roots
    assert all(root in said for root in roots.values())
    told = desk("audit", "report", RUN, KUSATSU, "--into", tmp_path / "r.pdf", "--json")
    assert (told.json["signed_off"], (tmp_path / "r.pdf").read_bytes()) == (True, pdf)
    assert desk("audit", "show", RUN, KUSATSU, "--json").json["signed_off"]["pdf_sha256"] == done.pdf_sha256
    assert signing_off.signed_off(context, RUN, MORIYAMA) is None
    assert BY not in str(desk.rows("SELECT * FROM event"))
    (desk.home / done.file).write_bytes(pdf + b" ")
    assert desk("audit", "report", RUN, KUSATSU, "--into", tmp_path / "r.pdf").code == RULE


def test_of_two_at_the_same_moment_one_signs_and_one_registers(context: Context) -> None:
    mark = mark_of(context, AGAIN, 2)
    for act in (
        lambda by: signing_off.sign_off(context, RUN, KUSATSU, by, HEAD),
        lambda _by: returning.register(context, KUSATSU, mark, "moved"),
    ):
        with ThreadPoolExecutor(2) as both:
            one, other = both.map(act, ("一人目", "二人目"))
        assert sorted((one.again, other.again)) == [False, True]
        assert one._replace(again=False, at=other.at) == other._replace(again=False)
    assert signing_off.signed_report(context, RUN, KUSATSU)


def test_nobody_signs_before_the_run_is_closed_or_for_a_city_without_notices(released: Desk, closed: Desk) -> None:
    assert "まだ締めていません" in released("audit", "sign", RUN, KUSATSU, "--by", BY).err
    assert "監査するものがありません" in closed("audit", "sign", RUN, RITTO, "--by", BY).err
    assert closed("audit", "sign", RUN, KUSATSU, "--by", " ").code == USAGE
    assert not (closed.home / "audits").exists()


def test_the_signing_key_of_a_report_is_exported_as_a_certificate(closed: Desk, tmp_path: Path) -> None:
    told = closed("audit", "certificate", "--into", tmp_path / "council.pem", "--json")
    pem = (tmp_path / "council.pem").read_text(encoding="ascii")
    key = CouncilKey(closed.context().settings.secret_bytes())
    assert (told.json["key_id"], pem) == (key.key_id, certificate_pem(key))
    assert "PRIVATE" not in pem


# The proof


@pytest.fixture
def proof(closed: Desk, tmp_path: Path) -> Path:
    told = closed("audit", "proof", RUN, KUSATSU, "--into", tmp_path / "proof.json", "--json")
    assert told.code == 0, told.err
    return tmp_path / "proof.json"


def write_list(path: Path, places: range | list[int], column: str = "通知書番号", encoding: str = "utf-8") -> Path:
    rows = [f"{column},年税額", *(f"{notice_number(n)},1000" for n in places)]
    path.write_text("\r\n".join(rows) + "\r\n", encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_city_checks_from_its_own_list_without_a_database_that_all_is_mailed_or_told(
    proof: Path, tmp_path: Path, encoding: str
) -> None:
    own = write_list(tmp_path / "own.csv", range(1, LAST + 1), encoding=encoding)
    city = Desk(tmp_path / "nothing")
    told = city("audit", "proof", "--check", proof, "--list", own, "--json")
    assert told.code == 0, told.err
    assert told.json["ends"] == {"mailed": LAST - 2, "pulled": 1, "rejected": 1}
    assert told.json["explained"] == [[notice_number(BAD), "rejected"], [notice_number(PULLED), "pulled"]]
    shown = city("audit", "proof", "--check", proof, "--list", own)
    roots = sorted(told.json["roots"].values())
    *_, left = shown.out.partition("まだ終わりではありません")
    assert (shown.code, sorted(word for word in left.split() if word in roots)) == (0, roots)  # the last that is said
    assert left.rstrip().endswith(tuple(roots))
    assert not city.home.exists()


@pytest.mark.parametrize(
    ("places", "code"), [([*range(1, LAST + 2)], "missing"), ([*range(1, LAST)], "extra"),
                         ([*range(1, LAST + 1), 1], "listed_twice")],
)  # fmt: skip
def test_a_list_that_differs_ends_with_the_exit_code_of_a_rule(
    proof: Path, tmp_path: Path, places: list[int], code: str
) -> None:
    own = write_list(tmp_path / "own.csv", places, column="番号")
    words = ("audit", "proof", "--check", proof, "--list", own, "--column", "番号")
    told = Desk(tmp_path / "nothing")(*words, "--json")
    assert (told.code, [d["code"] for d in told.json["differences"]]) == (RULE, [code])
    assert "差が1件" in Desk(tmp_path / "nothing")(*words).out


def test_a_proof_file_that_was_meddled_with_is_told(proof: Path, tmp_path: Path) -> None:
    own, city = write_list(tmp_path / "own.csv", range(1, LAST + 1)), Desk(tmp_path / "nothing")
    whole = proof.read_text(encoding="utf-8")
    words = ("audit", "proof", "--list", own, "--check", tmp_path / "other.json")
    for old, new, code in (
        ('"pulled"', '"mailed"', RULE), ('"charged": 1', '"charged": 0', RULE), ('"pulled"', '"gone"', RULE),
        ('"key": "', '"key": "zz', INPUT), ('"key": "', '"key": "00', INPUT), ("proof-1", "proof-9", INPUT),
        ("{", "", INPUT),
    ):  # fmt: skip
        (tmp_path / "other.json").write_text(whole.replace(old, new, 1), encoding="utf-8")
        assert (city(*words).code, "Traceback" in city(*words).err) == (code, False)
    write_list(own, [1], column="別")
    assert city("audit", "proof", "--check", proof, "--list", own).code == INPUT
    assert city("audit", "proof", "--check", tmp_path / "none.json", "--list", own).code == USAGE
    assert city("audit", "proof", RUN, "--list", own).code == USAGE


def test_no_proof_is_made_that_differs_from_what_the_city_signed(context: Context) -> None:
    signing_off.sign_off(context, RUN, KUSATSU, BY, HEAD)
    change(context, f"UPDATE proof_root SET root = '00' WHERE batch_id = '{RUN}-B002'")
    with pytest.raises(Refused, match="ルートが違います"):
        proving.make(context, RUN, KUSATSU)


def test_a_proof_names_no_notice_to_whoever_has_not_the_citys_list(proof: Path) -> None:
    said = proof.read_text(encoding="utf-8")
    assert not any(notice_number(n) in said for n in range(1, LAST + 1))
    assert MARKER not in said


# The stamp


def test_the_stamp_changes_with_every_fact_and_not_with_looking(released: Desk, tmp_path: Path) -> None:
    desk = copied(released, tmp_path / "home")
    context = desk.context()
    stamps = [auditing.stamp(context, RUN)]

    def fact(*words: object) -> None:
        desk(*words)
        stamps.append(auditing.stamp(context, RUN))

    fact("pull", "order", RUN, KUSATSU, notice_number(PULLED), "--reason", "death")
    file = tmp_path / "scans.csv"
    desk("sample", "scans", RUN, file)
    fact("scans", "load", RUN, file)
    assert stamps == sorted(set(stamps))
    assert auditing.figures(context, RUN, KUSATSU).stamp == stamps[-1]
    desk("extract", RUN, MAILED, "--city", KUSATSU, "--into", tmp_path)
    assert auditing.stamp(context, RUN) == stamps[-1]
    # Of two processes one may take the lower id and be seen later.
    lower = "(SELECT min(id) - 1 FROM event)"
    change(context, f"INSERT INTO event SELECT {lower}, run_id, at, 'late', '', '' FROM event LIMIT 1")
    assert auditing.stamp(context, RUN) > stamps[-1]


def test_behind_the_rejected_stand_as_many_as_were_counted_whatever_was_wrong_with_their_numbers(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path / "home")
    desk("run", "open", "property_tax", 2026)
    handin = HandIn(KUSATSU, 6).set("notices", 2, "通知書番号", notice_number(1))  # one number twice
    handin.set("notices", 3, "通知書番号", "").set("notices", 4, "通知書番号", "").set("notices", 5, "敬称", "")
    assert desk.submit(handin).code == 0
    context = desk.context()
    figures = auditing.figures(context, RUN, KUSATSU)
    behind = auditing.notices(context, RUN, KUSATSU, Side.REJECTED)
    assert figures.equation.rejected == len(behind) == 5
    assert [line.number for line in behind] == ["", "", notice_number(1), notice_number(1), notice_number(5)]
