"""What a clerk is given for a notice is what was printed for it: all of it, and nothing of anybody else's."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pikepdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from printjobs import reference, store
from printjobs.core.kinds import PROPERTY_TAX
from printjobs.core.marks import sheet
from printjobs.pipeline import extracting, planning, run_step, unfinished
from printjobs.reference.costs import postage_table
from printjobs.render.extract import texts
from printjobs.render.printfile import PlanDiffers
from printjobs.store import lookup, production, runs
from tests.golden.paper import raster, squeezed
from tests.handin import KUSATSU, MORIYAMA, RITTO, RUN, SECRET, Desk, HandIn, Told, notice_number
from tests.shell import test_store as rows
from tests.tools import tool

USAGE, RULE = 2, 3
OTSU = "520-0043"  # of another delivery office than everybody else
PLACED = "FROM notice JOIN placement ON notice_id = id"
GROUPED = (2, 3, 5)  # of one owner, in one envelope
LONG, BAD, ALONE = 6, 7, 40  # many sheets; rejected; the only one of its city, and nobody else has its number
MARKER = "標識蓬莱"
MARK = re.compile(rf"([{sheet.ALPHABET}]{{17}})\s+([{sheet.ALPHABET}]{{17}})")
MARGIN = 5  # mm that every layout keeps free


def handins() -> Iterator[HandIn]:
    """Seven notices, three with numbers that the first has as well, and one."""
    first = HandIn(KUSATSU, BAD).set("notices", 4, "郵便番号", OTSU).set("notices", BAD, "敬称", "")
    same = [first.column("notices", title) for title in ("宛名番号", "氏名", "住所")]
    for row in GROUPED[1:]:
        for column in same:
            first.tables["notices"][row][column] = first.tables["notices"][GROUPED[0]][column]
    for row in range(1, BAD):
        first.set("notices", row, "方書", MARKER)
    number = notice_number(LONG)
    for place in range(60):
        land = [number, "土地", "草津市草津四丁目", f"{place}番", "宅地", "", "10.00", "0", "0", "0", ""]
        first.tables["assets"].append(land)
    only = HandIn(RITTO, 0)
    only.add(ALONE)
    yield from (first, HandIn(MORIYAMA, 3), only)


def prepare(home: Path, order: int = 1) -> Desk:
    desk = Desk(home)
    assert desk("run", "open", PROPERTY_TAX.code, 2026).code == 0
    for handin in list(handins())[::order]:
        assert desk.submit(handin).code == 0
    return desk


@pytest.fixture(scope="module")
def small_files() -> Iterator[None]:
    """A vendor who wants few pieces in a print file, so that there are several, and a post that discounts a few."""
    vendor = reference.vendor()
    small = msgspec.structs.replace(vendor, print_=msgspec.structs.replace(vendor.print_, file_pieces=3))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reference, "vendor", lambda: small)
        post = postage_table("2026-04-10")
        few = msgspec.structs.replace(post, barcode=msgspec.structs.replace(post.barcode, least=3))
        patched.setattr(planning, "postage_table", lambda _: few)
        yield


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory, small_files: None) -> Desk:
    """The run with its print files made and checked; not to be changed."""
    desk = prepare(tmp_path_factory.mktemp("printed") / "home")
    desk.go()
    sections = desk.rows("SELECT DISTINCT office, posting FROM piece WHERE office = '525' ORDER BY posting")
    assert sections == [("525", 0), ("525", 1)]  # of one office, apart by a separator each
    return desk


@pytest.fixture
def desk(printed: Desk, tmp_path: Path) -> Desk:
    """A copy that may be changed."""
    shutil.copytree(printed.home, tmp_path / "home")
    return Desk(tmp_path / "home")


def extract(desk: Desk, number: str, city: str, into: Path) -> tuple[dict[str, Any], Path]:
    told = desk("extract", RUN, number, "--city", city, "--into", into, "--json")
    assert told.code == 0, told.err
    return told.json, Path(told.json["written"])


class Taken:
    """The copy of one notice, with the notice's row of the database and its print file."""

    def __init__(self, desk: Desk, row: tuple[Any, ...], into: Path) -> None:
        self.city, self.number, self.batch, self.piece, self.sheets = row
        self.told, self.path = extract(desk, self.number, self.city, into)
        self.printed = desk.home / "batches" / self.batch / f"{self.told['file']}.pdf"


@pytest.fixture(scope="module")
def taken(printed: Desk, tmp_path_factory: pytest.TempPathFactory) -> list[Taken]:
    """The copies of all notices, in the order in which they lie in their batches."""
    into = tmp_path_factory.mktemp("counter")
    query = f"SELECT city, number, batch_id, piece, sheets {PLACED} ORDER BY batch_id, piece, number"
    return [Taken(printed, row, into) for row in printed.rows(query)]


def codes(path: Path) -> list[bytes]:
    """The stored bytes of each page's code as they are in the file, still packed; what was added is left out."""
    with pikepdf.open(path) as pdf:
        own = [page.obj.Contents for page in pdf.pages]
        return [(c[-1] if isinstance(c, pikepdf.Array) else c).read_raw_bytes() for c in own]


def marks(text: str) -> list[sheet.SheetMark]:
    key = sheet.run_key(SECRET.encode(), RUN)
    return [mark for a, b in MARK.findall(text) if (mark := sheet.decode(a + b, key))]


def unmarked(text: str) -> str:
    """Text of a page without white space and without the line that says that it is a copy."""
    return squeezed("".join(line for line in text.splitlines() if not line.startswith("写し")))


# What is in it


def test_the_copies_of_all_notices_together_are_the_print_files_without_their_separators(taken: list[Taken]) -> None:
    files = sorted({t.printed for t in taken})
    assert len(files) > len({t.batch for t in taken}) > 1
    assert set(Counter((t.batch, t.piece) for t in taken).values()) == {1, len(GROUPED)}
    between: list[int] = []
    for file in files:
        whole, said = codes(file), texts(file.read_bytes())
        separators = [i for i in range(0, len(whole), 2) if marks(said[i])[0].sheet == 0]
        between += separators[1:]
        expected = [code for i, code in enumerate(whole) if i // 2 * 2 not in separators]
        assert [code for t in taken if t.printed == file for code in codes(t.path)] == expected
    assert between, "no print file has a separator between its pieces"


def test_a_copy_has_the_sheets_that_the_database_says_with_their_backs(taken: list[Taken]) -> None:
    for t in taken:
        assert t.told["pages"] == len(codes(t.path)) == 2 * t.sheets
        assert t.told["last"] - t.told["first"] + 1 == t.sheets
    assert max(t.sheets for t in taken) > 3


def test_every_sheet_of_a_copy_has_the_mark_of_its_piece_and_the_text_of_its_page(taken: list[Taken]) -> None:
    for t in taken:
        said = texts(t.path.read_bytes())
        found = [mark for text in said for mark in marks(text)]
        assert {(m.batch, m.piece, m.generation) for m in found} == {(int(t.batch[-3:]), t.piece, 1)}
        assert [m.sheet for m in found] == list(range(t.told["first"], t.told["last"] + 1))
        whole = texts(t.printed.read_bytes())
        start = next(i for i, text in enumerate(whole) if marks(text) == [found[0]])
        assert [*map(unmarked, said)] == [*map(unmarked, whole[start : start + len(said)])]


def test_of_notices_in_one_envelope_only_the_one_that_was_asked_for_is_given(taken: list[Taken]) -> None:
    group = [t for t in taken if t.city == KUSATSU and t.number in map(notice_number, GROUPED)]
    assert len({(t.batch, t.piece) for t in group}) == 1
    for t in group:
        said = "".join(texts(t.path.read_bytes()))
        assert t.number in said
        assert not [other.number for other in group if other is not t and other.number in said]
    assert group[0].told["first"] == 1
    assert [t.told["first"] for t in group[1:]] == [t.told["last"] + 1 for t in group[:-1]]
    assert group[-1].told["last"] == group[0].told["of"]


def picture(path: Path, page: int, dpi: int) -> Image.Image:
    with pypdfium2.PdfDocument(path) as document:
        return raster(document, page, dpi)


def test_below_the_margin_a_copy_looks_as_what_was_printed_to_the_pixel_and_the_margin_was_empty(
    taken: list[Taken],
) -> None:
    dpi = 100
    margin = int(MARGIN / 25.4 * dpi)
    for t in taken:
        first = codes(t.printed).index(codes(t.path)[0])
        for page in range(2 * t.sheets):
            copy, original = picture(t.path, page, dpi), picture(t.printed, first + page, dpi)
            assert copy.size == original.size
            top = (0, 0, copy.width, margin)
            assert original.crop(top).getextrema() == (255, 255)
            assert copy.crop(top).getextrema()[0] < 128
            below = (0, margin, copy.width, copy.height)
            assert copy.crop(below).tobytes() == original.crop(below).tobytes()


def test_every_symbol_of_a_copy_is_read_as_on_what_was_printed(taken: list[Taken]) -> None:
    t = next(t for t in taken if t.number == notice_number(5))
    first = codes(t.printed).index(codes(t.path)[0])
    read = 0
    for page in range(0, 2 * t.sheets, 2):
        found = [
            sorted((str(c.format), c.text) for c in zxingcpp.read_barcodes(picture(*where, 300), try_rotate=False))
            for where in ((t.path, page), (t.printed, first + page))
        ]
        assert found[0] == found[1]
        read += len(found[0])
    assert read > t.sheets


def test_every_page_says_what_it_is_a_copy_of(taken: list[Taken]) -> None:
    for t in taken:
        lines = [re.findall("^写し.*", text, re.MULTILINE) for text in texts(t.path.read_bytes())]
        digest = sha256(t.printed.read_bytes()).hexdigest()
        assert t.told["sha256"] == digest
        assert len(lines) == 2 * t.sheets
        for i, (line,) in enumerate(lines):
            side = "表裏"[i % 2]
            place = f"{t.told['first'] + i // 2}枚目／{t.told['of']}枚（{side}）"
            wanted = (t.batch, "第1世代", f"封筒番号 {t.piece}", place, digest[:16])
            assert [word for word in wanted if word not in line] == []


def cities_of(forms: pikepdf.Object) -> set[str]:
    return {name.rpartition(".")[2] for name, _ in forms.items()}


def test_a_copy_carries_what_its_pages_need_and_no_more(taken: list[Taken]) -> None:
    several = False
    for t in taken:
        with pikepdf.open(t.path) as pdf:
            (resources,) = {page.obj.Resources.objgen for page in pdf.pages}
            forms = pdf.get_object(resources).XObject
            assert forms
            assert cities_of(forms) == {t.city}
            assert all(form.Resources.objgen == resources for form in forms.values())
        with pikepdf.open(t.printed) as pdf:
            several |= len(cities_of(pdf.pages[0].obj.Resources.XObject)) > 1
    assert several, "no print file has the forms of two cities"


def test_the_document_says_of_itself_what_it_is_a_copy_of_and_no_name(taken: list[Taken]) -> None:
    for t in taken:
        with pikepdf.open(t.path) as pdf:
            said = " ".join(str(value) for value in pdf.docinfo.values())
        assert [word for word in (t.number, "第1世代", t.told["file"], t.told["sha256"]) if word not in said] == []
        assert MARKER not in said


def test_a_copy_is_a_sound_pdf(taken: list[Taken]) -> None:
    for t in taken:
        checked = subprocess.run([tool("qpdf"), "--check", t.path], capture_output=True, text=True, check=False)
        assert (checked.returncode, "WARNING" in checked.stdout) == (0, False), checked.stdout + checked.stderr


def test_the_same_notice_gives_the_same_bytes_again_and_elsewhere(
    desk: Desk, taken: list[Taken], tmp_path: Path, small_files: None
) -> None:
    other = prepare(tmp_path / "other", order=-1)
    other.go()
    for t in taken:
        for there in (desk, other):
            _, again = extract(there, t.number, t.city, tmp_path / "again")
            assert (again.name, again.read_bytes()) == (t.path.name, t.path.read_bytes())


# A reprint


def reprinted(desk: Desk, folder: Path) -> list[tuple[str, str, str]]:
    """Have the made-up inserter spoil some pieces and plan their reprints; their city, number and old batch."""
    desk.approve()
    assert desk("release", RUN).code == 0
    placed = f"SELECT city, number, batch_id {PLACED} ORDER BY city, number"
    before = {(city, number): batch for city, number, batch in desk.rows(placed)}
    assert desk("sample", "scans", RUN, folder / "scans.csv").code == 0
    assert desk("scans", "load", RUN, folder / "scans.csv").code in (0, RULE)
    assert desk("run", "reprint", RUN).code == 0
    now = desk.rows(placed)
    return [(city, number, before[city, number]) for city, number, batch in now if batch != before[city, number]]


def test_after_a_reprint_the_new_generation_is_given_and_said(
    desk: Desk, taken: list[Taken], tmp_path: Path, small_files: None
) -> None:
    again = reprinted(desk, tmp_path)
    assert again
    for city, number, _ in again:
        message = desk("extract", RUN, number, "--city", city, "--into", tmp_path)
        assert (message.code, "作り直し" in message.err, "run go" in message.err) == (RULE, True, True)
    desk.go()
    for city, number, old in again:
        told, path = extract(desk, number, city, tmp_path)
        assert (told["generation"], path.name) == (2, f"{RUN}-{city}-{number}-g2.pdf")
        assert told["batch"] > old
        said = texts(path.read_bytes())
        assert {m.generation for text in said for m in marks(text)} == {2}
        assert all("第2世代" in text for text in said)
        first = next(t for t in taken if (t.city, t.number) == (city, number))
        assert codes(path)[1::2] == codes(first.path)[1::2], "the backs have no mark"
        shown = desk("extract", RUN, number, "--city", city, "--into", tmp_path).out
        assert "第1世代までの紙は無効" in shown
    kept = next(t for t in taken if (t.city, t.number) not in {(city, number) for city, number, _ in again})
    assert extract(desk, kept.number, kept.city, tmp_path)[0]["generation"] == 1


def test_what_was_printed_before_a_reprint_is_given_when_it_is_asked_for(
    desk: Desk, taken: list[Taken], tmp_path: Path, small_files: None
) -> None:
    again = {(city, number) for city, number, _ in reprinted(desk, tmp_path)}
    for t in (t for t in taken if (t.city, t.number) in again):
        words = ("extract", RUN, t.number, "--city", t.city, "--generation", 1, "--into", tmp_path)
        told = desk(*words, "--json").json  # the next generation is not printed yet
        assert (told["generation"], told["batch"], told["status"]) == (1, t.batch, "superseded")
        assert Path(told["written"]).read_bytes() == t.path.read_bytes()
        assert "作り直しました。この世代の紙は無効" in desk(*words).out
        assert "指定できるもの: 1、2" in refused(desk, USAGE, t.number, "--city", t.city, "--generation", 3)
    desk.go()
    for city, number in again:
        words = ("extract", RUN, number, "--city", city, "--into", tmp_path, "--json")
        assert [desk(*words, *which).json["generation"] for which in ((), ("--generation", 1))] == [2, 1]


# What is refused


def refused(desk: Desk, code: int, *words: object) -> str:
    """What a refusal says that leaves everything as it was, traces and files included."""
    before, events = desk.stand(), desk.rows("SELECT * FROM event")
    into = desk.home.with_name("counter")
    told = desk("extract", RUN, *words, "--into", into, "--json")
    assert (told.code, desk.stand(), desk.rows("SELECT * FROM event")) == (code, before, events), told.err
    assert not into.exists()
    return str(told.json["error"])


def test_a_print_file_that_changed_after_its_check_is_refused(desk: Desk) -> None:
    number = notice_number(ALONE)
    (batch, piece) = desk.rows(f"SELECT batch_id, piece {PLACED} WHERE number = '{number}'")[0]
    (file,) = desk.rows(f"SELECT id FROM print_file WHERE batch_id = '{batch}' AND {piece} BETWEEN first AND last")[0]
    path = desk.home / "batches" / batch / f"{file}.pdf"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert f"{file} が検査の後で変わっています" in refused(desk, RULE, number)
    path.unlink()
    assert f"{file} がなくなっています" in refused(desk, RULE, number)


def test_a_number_that_nobody_has_is_a_wrong_call(printed: Desk) -> None:
    assert "通知書番号 99 はありません" in refused(printed, USAGE, "99")
    assert "守山市に" in refused(printed, USAGE, notice_number(ALONE), "--city", MORIYAMA)
    assert KUSATSU in refused(printed, USAGE, notice_number(ALONE), "--city", "131016")
    told = printed("extract", "property_tax-2031", "99", "--json")
    assert (told.code, RUN in told.json["error"]) == (USAGE, True)


def test_a_number_of_two_cities_needs_the_city(printed: Desk, taken: list[Taken], tmp_path: Path) -> None:
    message = refused(printed, USAGE, notice_number(1))
    assert "--city" in message
    assert f"{KUSATSU} 草津市、{MORIYAMA} 守山市" in message
    for city, sender, other in ((KUSATSU, "草津市長", "守山市長"), (MORIYAMA, "守山市長", "草津市長")):
        told, path = extract(printed, notice_number(1), city, tmp_path)
        said = squeezed("".join(texts(path.read_bytes())))
        assert (told["city"], sender in said, other in said) == (city, True, False)
    told = printed("extract", RUN, notice_number(ALONE), "--into", tmp_path, "--json")
    assert (told.code, told.json["city"]) == (0, RITTO)


def test_a_number_that_one_city_has_and_another_had_rejected_needs_the_city_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    desk("run", "open", PROPERTY_TAX.code, 2026)
    desk.submit(HandIn(KUSATSU, 2).set("notices", 1, "敬称", ""))
    desk.submit(HandIn(MORIYAMA, 2))
    assert "--city" in refused(desk, USAGE, notice_number(1))


def test_a_rejected_notice_is_said_to_be_rejected_and_why(printed: Desk) -> None:
    message = refused(printed, RULE, notice_number(BAD))
    assert "はじいたので、印刷していません" in message
    assert "notices.csv 8行 敬称" in message


def test_a_notice_that_is_not_planned_or_not_checked_yet_is_said_to_be_so(tmp_path: Path) -> None:
    desk = prepare(tmp_path / "home")
    assert "まだ印刷していません" in refused(desk, RULE, notice_number(ALONE))
    context = desk.context()
    for step in unfinished(context, RUN):
        if step.name == "plan":
            run_step(context, step)
    assert "検査がまだすんでいません。run go" in refused(desk, RULE, notice_number(ALONE))


def test_a_notice_that_was_pulled_is_given_and_said_not_to_be_mailed(desk: Desk, tmp_path: Path) -> None:
    context = desk.context()
    ((batch, piece),) = desk.rows(f"SELECT batch_id, piece {PLACED} WHERE number = '{notice_number(ALONE)}'")
    pull = (production.PieceStatus.PLANNED, production.PieceStatus.RELEASED, production.PieceStatus.PULLED)
    with store.writing(context.engine) as connection:
        production.set_piece_statuses(connection, pull, [(batch, piece)])
    told = desk("extract", RUN, notice_number(ALONE), "--into", tmp_path)
    assert (told.code, "引抜きました。郵送していません" in told.out) == (0, True)


@pytest.mark.parametrize("by", [-2, 2, 1])
def test_pages_of_anybody_else_are_never_given(
    printed: Desk, by: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    right = extracting._place

    def wrong(connection: Any, notice: Any) -> Any:
        place = right(connection, notice)
        return place._replace(page=place.page + by)

    monkeypatch.setattr(extracting, "_place", wrong)
    events = printed.rows("SELECT * FROM event")
    for place in (*GROUPED, LONG):
        with pytest.raises((PlanDiffers, ValueError)):  # or the file ends before
            extracting.extract(printed.context(), RUN, notice_number(place), KUSATSU)
    assert printed.rows("SELECT * FROM event") == events


def test_another_notice_of_the_same_envelope_is_never_given(printed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    right = lookup.notices_of_piece
    monkeypatch.setattr(lookup, "notices_of_piece", lambda *asked: right(*asked)[::-1])
    with pytest.raises(PlanDiffers, match="another notice"):
        extracting.extract(printed.context(), RUN, notice_number(GROUPED[0]), KUSATSU)


# Traces


def test_reading_a_notice_leaves_a_trace_without_a_name(desk: Desk, tmp_path: Path) -> None:
    query = "SELECT run_id, subject, detail FROM event WHERE what = 'extract' ORDER BY id"
    before = desk.rows(query)
    for _ in range(2):
        told, _ = extract(desk, notice_number(2), KUSATSU, tmp_path)
    traces = desk.rows(query)[len(before) :]
    detail = f"notice {notice_number(2)} file {told['file']} piece {told['piece']} pages {told['pages']}"
    assert traces == [(RUN, KUSATSU, detail)] * 2


def test_nothing_but_the_pages_has_a_name_on_it(taken: list[Taken], printed: Desk, tmp_path: Path) -> None:
    t = next(t for t in taken if t.number == notice_number(2) and t.city == KUSATSU)
    assert MARKER in "".join(texts(t.path.read_bytes()))
    shown = printed("extract", RUN, t.number, "--city", t.city, "--into", tmp_path)
    for said in (shown.out, shown.err, str(t.told), t.path.name, str(printed.rows("SELECT * FROM event"))):
        assert MARKER not in said


def test_the_terminal_says_batch_generation_and_sha_256_in_one_line(
    printed: Desk, taken: list[Taken], tmp_path: Path
) -> None:
    t = taken[0]
    told: Told = printed("extract", RUN, t.number, "--city", t.city, "--into", tmp_path)
    assert any(t.batch in line and "第1世代" in line and t.told["sha256"] in line for line in told.out.splitlines())


def test_where_nothing_can_be_written_nothing_is_left(printed: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    told = printed("extract", RUN, notice_number(ALONE), "--into", tmp_path / "file", "--json")
    assert (told.code, "書けません" in told.json["error"]) == (USAGE, True)
    extract(printed, notice_number(ALONE), RITTO, tmp_path / "new" / "folder")
    assert [p.name for p in (tmp_path / "new" / "folder").iterdir()] == [f"{RUN}-{RITTO}-{notice_number(ALONE)}-g1.pdf"]


# The questions to the database


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_both_databases_find_a_notice_by_its_number(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_database")
    one, other = "2600000001", "2600000002"
    with rows.opened(str(url)) as engine, store.writing(engine) as connection:
        runs.add_run(connection, rows.run_row)
        production.add_batch(connection, rows.batch_row())
        pieces = [rows.a_piece(1, 2, sheets=5)]
        production.add_pieces(connection, rows.BATCH, 1, pieces)
        for city in (rows.CITY, rows.OTHER):
            submission = runs.add_submission(connection, rows.submission_row(city, city * 10))
            numbers = {other: 3, one: 2} if city == rows.CITY else {one: 1}
            made = [rows.notice_row(submission, n, city=city, sheets=s) for n, s in numbers.items()]
            production.add_notices(connection, made)
        production.place_notices(connection, rows.BATCH, 1, pieces)
        both = lookup.find_notices(connection, rows.R, [rows.OTHER, rows.CITY], one)
        nowhere = (None, None, None)
        assert [tuple(r) for r in both] == [(rows.CITY, one, 2, 1, rows.BATCH, 1), (rows.OTHER, one, 1, *nowhere)]
        assert [r.city for r in lookup.find_notices(connection, rows.R, [rows.OTHER], one)] == [rows.OTHER]
        assert lookup.find_notices(connection, rows.R, [rows.OTHER], other) == []
        assert [tuple(r) for r in lookup.notices_of_piece(connection, rows.BATCH, 1)] == [(one, 2), (other, 3)]
