"""A page that was drawn from other values than the record's is found, whichever value it is and in every kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pikepdf
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as replaced

from printjobs import reference
from printjobs.core.kinds import KINDS, Kind, Type
from printjobs.core.marks import sheet as sheet_marks
from printjobs.core.model import Notice
from printjobs.render.compiled import CompiledLayout
from printjobs.render.printfile import FileJob, FilePiece, PlanDiffers, render_file
from tests.golden import kinds, notices
from tests.golden.tampering import Wanted

KUSATSU, OMIHACHIMAN = "252069", "252042"
Alter = Callable[[Notice, Notice], Notice]  # a notice and another person's, to what is drawn instead of the first


class Case(NamedTuple):
    """A notice of a kind, another person's, and the file that they are in."""

    layout: CompiledLayout
    job: FileJob
    own: Notice
    other: Notice

    def piece(self, *own: Notice, **changed: int) -> FilePiece:
        sheets = sum(map(self.layout.sheet_count, own))
        inserts = int(any(self.layout.has_rows(notice, "slips") for notice in own))
        return FilePiece(1, own[0].city, "525", sheets, inserts, 1, list(own))._replace(**changed)

    def draw(self, path: Path, *pieces: FilePiece) -> bytes:
        press = reference.vendor()
        with path.open("wb") as sink:
            render_file(sink, self.layout, press.mark, press.print_.dpi, self.job, pieces)
        return path.read_bytes()

    def wanted(self, *pieces: FilePiece) -> Wanted:
        return Wanted.of(self.layout, self.job, pieces)


@cache
def case(code: str, which: str = "slips") -> Case:
    """``which``: ``slips``, ``debit``, or ``long`` for the notice with the most pages of details."""
    layout, run_id = kinds.compiled(code), f"{code}-2026"
    sample = kinds.handed_in(code, KUSATSU).notices
    by_slip = [notice for notice in sample if layout.has_rows(notice, "slips")]
    others = [notice for notice in sample if not layout.has_rows(notice, "slips")]
    own = {
        "slips": lambda: next(notice for notice in by_slip if len(notice.tables[layout.kind.payable]) > 1),
        "debit": lambda: others[0],
        "long": lambda: max(sample, key=lambda n: (layout.sheet_count(n) <= 12, layout.sheet_count(n))),
    }[which]()
    theirs = next(n for n in by_slip if n.addressee.name != own.addressee.name and n.addressee.zip != own.addressee.zip)
    job = FileJob(
        file_id=f"{run_id}-B001-F01", run=sheet_marks.run_code(run_id), batch_id=f"{run_id}-B001", batch=1,
        generation=1, by_hand=False, date=kinds.mailing_date(code), key=notices.KEY,
    )  # fmt: skip
    return Case(layout, job, own, theirs)


@pytest.mark.parametrize("which", ["slips", "debit", "long"])
@pytest.mark.parametrize("code", sorted(KINDS))
def test_what_is_drawn_from_the_record_passes(code: str, which: str, tmp_path: Path) -> None:
    made = case(code, which)
    piece = made.piece(made.own)
    made.draw(tmp_path / "file.pdf", piece)
    assert made.wanted(piece).read_back(tmp_path / "file.pdf") == 2 * (1 + piece.sheets)


@pytest.mark.parametrize("form", reference.FILE_FORMS)
def test_a_file_of_every_form_is_read_back(form: str, tmp_path: Path) -> None:
    plain = case("property_tax")
    made = plain._replace(job=plain.job._replace(form=form))
    piece = made.piece(made.own)
    made.draw(tmp_path / "file.pdf", piece)
    assert made.wanted(piece).read_back(tmp_path / "file.pdf") == 2 * (1 + piece.sheets)
    assert made.wanted(piece._replace(notices=[made.other])).refusal(tmp_path / "file.pdf")


def test_a_separator_names_the_posting_that_the_pieces_after_it_are_handed_in_with(tmp_path: Path) -> None:
    made = case("property_tax")
    piece = made.piece(made.own, posting=12)
    made.draw(tmp_path / "file.pdf", piece)
    assert made.wanted(piece).read_back(tmp_path / "file.pdf") == 2 * (1 + piece.sheets)
    for other in (0, 1, 2):
        told = made.wanted(piece._replace(posting=other)).refusal(tmp_path / "file.pdf")
        assert "区分票の文字が計画と違います" in told


# --- whatever is let in --------------------------------------------------------------------------------------------

AWKWARD = st.sampled_from([
    "　", " ", "　　　　　　　　", "ー", "（", "）", "・", "1", "23", "-", "Ａ", "ABC", "Ｗ", "ｶ", "Å", "①", "Ⅱ",
    "葛\U000e0100", "辻\U000e0101", "か\u3099", "髙", "神", "﨑", "塚", "\uf929", "―", "—", "〜", "～",
    "丸亀", "グランドヒルズ", "二丁目", "番地の1",
])  # fmt: skip
LONG_ENOUGH = (  # as intake takes it: never of blanks alone, none at its ends
    st.lists(AWKWARD, min_size=1, max_size=30).map(lambda some: "".join(some).strip(" 　")).filter(bool)
)
NO_TEXT = {"payment", "honorific"}  # what is chosen from a list, or decides which pages there are


def texts_of(kind: Kind) -> list[tuple[str, str, int]]:
    """Table (empty for the notice), column and place in a row of everything that a city may write freely."""
    own = [("", c.key, 0) for c in kind.notices.columns if c.type is Type.TEXT and c.key not in NO_TEXT]
    for table in kind.details:
        own += [(table.name, c.key, table.index(c.key)) for c in table.columns if c.type is Type.TEXT]
    return own


def with_text(notice: Notice, where: tuple[str, str, int], text: str) -> Notice:
    table, key, place = where
    if table:
        rows = [[*row[:place], text, *row[place + 1 :]] for row in notice.tables[table]]
        return replaced(notice, tables=notice.tables | {table: rows})
    if key in notice.addressee.__struct_fields__:
        return replaced(notice, addressee=replaced(notice.addressee, **{key: text}))
    return replaced(notice, fields=notice.fields | {key: text}) if key in notice.fields else notice


@pytest.mark.parametrize("code", sorted(KINDS))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_fits_is_drawn_and_passes(code: str, data: st.DataObject, tmp_path: Path) -> None:
    """A right page that is refused stops a whole file, so there must be none, whatever a city writes."""
    made, notice = case(code), case(code).own
    for where in data.draw(st.lists(st.sampled_from(texts_of(KINDS[code])), min_size=1, max_size=4, unique=True)):
        notice = with_text(notice, where, data.draw(LONG_ENOUGH))
    assume(not made.layout.check(notice))
    piece = made.piece(notice)
    made.draw(tmp_path / "file.pdf", piece)
    assert made.wanted(piece).refusal(tmp_path / "file.pdf") == ""


# --- one value of another notice -----------------------------------------------------------------------------------


def with_values_of(own: Notice, other: Notice) -> Iterator[tuple[str, Notice]]:
    """The notice with each of its values in turn replaced by the other's: those that differ."""
    for key in own.addressee.__struct_fields__:
        if (value := getattr(other.addressee, key)) != getattr(own.addressee, key):
            yield key, replaced(own, addressee=replaced(own.addressee, **{key: value}))
    for key, value in own.fields.items():
        if value != other.fields[key]:
            yield key, replaced(own, fields=own.fields | {key: other.fields[key]})
    for name, rows in own.tables.items():
        for i, (row, theirs) in enumerate(zip(rows[:1], other.tables[name], strict=False)):
            for place, value in enumerate(theirs):
                if value != row[place]:
                    changed = [*rows[:i], [*row[:place], value, *row[place + 1 :]], *rows[i + 1 :]]
                    yield f"{name} {i} {place}", replaced(own, tables=own.tables | {name: changed})


@pytest.mark.parametrize("code", sorted(KINDS))
def test_every_value_of_another_notice_that_shows_is_caught(code: str, tmp_path: Path) -> None:
    made, path = case(code), tmp_path / "file.pdf"
    piece = made.piece(made.own)
    good, wanted = made.draw(path, piece), made.wanted(piece)
    shown, unseen = 0, []
    for what, altered in with_values_of(made.own, made.other):
        try:
            if made.draw(path, piece._replace(notices=[altered])) == good:
                continue
        except PlanDiffers:  # other sheets than were planned: the renderer itself refuses
            continue
        shown += 1
        if not wanted.refusal(path).startswith("file.pdf の"):
            unseen.append(what)
    assert not unseen
    assert shown > 12


# --- what goes wrong in this trade ---------------------------------------------------------------------------------


def addressee(**changed: str) -> Alter:
    return lambda own, _: replaced(own, addressee=replaced(own.addressee, **changed))


def payable(change: Callable[[list[notices.Row]], list[notices.Row]]) -> Alter:
    def alter(own: Notice, _: Notice) -> Notice:
        table = KINDS[own.kind].payable
        return replaced(own, tables=own.tables | {table: change(own.tables[table])})

    return alter


def cell(column: str, change: Callable[[str | int], str | int]) -> Alter:
    """One value of the second row that is paid, as the kind has its columns."""

    def alter(own: Notice, other: Notice) -> Notice:
        place = [c.key for c in KINDS[own.kind].table(KINDS[own.kind].payable).columns[1:]].index(column)

        def changed(rows: list[notices.Row]) -> list[notices.Row]:
            return [rows[0], [*rows[1][:place], change(rows[1][place]), *rows[1][place + 1 :]], *rows[2:]]

        return payable(changed)(own, other)

    return alter


def another_digit(value: str | int) -> str:
    return f"{str(value)[:-1]}{(int(str(value)[-1]) + 1) % 10}"


ALTERATIONS: dict[str, Alter] = {
    "様 dropped": addressee(honorific=""),
    "様 instead of 御中": addressee(honorific="御中様"),
    "another name": addressee(name="見本　一郎"),
    "no name": addressee(name=""),
    "another address": addressee(address="草津市見本町999番地"),
    "another building": addressee(building="見本荘101号"),
    "another postal code": addressee(zip="5250001"),
    "another customer barcode": addressee(barcode="52500349-9-9"),
    "another person's notice": lambda _, other: other,
    "another person's notice below this name": lambda own, other: replaced(other, addressee=own.addressee),
    "another person's name above this notice": lambda own, other: replaced(own, addressee=other.addressee),
    "another number": lambda own, other: replaced(own, number=other.number),
    "another city": lambda own, _: replaced(own, city=OMIHACHIMAN),
    "an amount": cell("amount", lambda value: int(value) + 1000),
    "a due date": cell("due", lambda value: f"{str(value)[:-2]}{'15' if str(value)[-2:] != '15' else '16'}"),
    "a payment number": cell("payment_number", another_digit),
    "a confirmation number": cell("confirmation", another_digit),
    "a barcode": cell("barcode", another_digit),
    "an instalment left out": payable(lambda rows: [rows[0], *rows[2:]]),
    "an instalment twice": payable(lambda rows: [*rows[:2], *rows[1:]]),
    "two instalments swapped": payable(lambda rows: [rows[1], rows[0], *rows[2:]]),
    "the barcodes of two instalments swapped": payable(
        lambda rows: [[*rows[0][:-1], rows[1][-1]], [*rows[1][:-1], rows[0][-1]], *rows[2:]]
    ),
    "no instalment": payable(lambda _: []),
}  # fmt: skip


@pytest.mark.parametrize("name", ALTERATIONS)
@pytest.mark.parametrize("code", ["property_tax", "health_insurance"])
def test_a_wrong_notice_is_caught(code: str, name: str, tmp_path: Path) -> None:
    made, path = case(code), tmp_path / "file.pdf"
    altered = ALTERATIONS[name](made.own, made.other)
    made.draw(path, made.piece(altered))
    told = made.wanted(made.piece(made.own)).refusal(path)
    assert told.startswith("file.pdf の")
    assert "封筒番号 1" in told
    assert not [word for word in (made.own.number, made.own.addressee.name, made.own.addressee.address) if word in told]


JOBS: dict[str, dict[str, object]] = {
    "another generation": {"generation": 2},
    "another batch": {"batch": 2},
    "by hand": {"by_hand": True},
    "another run": {"run": sheet_marks.run_code("resident_tax-2026")},
    "the key of another run": {"key": sheet_marks.run_key(b"the secret of these tests, 32 chars", "resident_tax-2026")},
    "another batch on the separator": {"batch_id": "property_tax-2026-B002"},
    "another file on the separator": {"file_id": "property_tax-2026-B001-F02"},
}
PIECES: dict[str, dict[str, object]] = {
    "another number": {"number": 2},
    "another office on the separator": {"office": "202"},
    "more pieces on the separator": {"section": 2},
    "no separator": {"section": 0},
    "an insert more": {"inserts": 3},
}


@pytest.mark.parametrize("name", [*JOBS, *PIECES])
def test_a_file_of_another_job_or_piece_is_caught(name: str, tmp_path: Path) -> None:
    made, path = case("property_tax"), tmp_path / "file.pdf"
    piece = made.piece(made.own)
    drawn = made._replace(job=made.job._replace(**JOBS.get(name, {})))  # type: ignore[arg-type]
    drawn.draw(path, piece._replace(**PIECES.get(name, {})))  # type: ignore[arg-type]
    assert made.wanted(piece).refusal(path).startswith("file.pdf の")


def test_a_section_of_eleven_is_no_section_of_one(tmp_path: Path) -> None:
    """A separator's numbers are compared as a whole: 1 is within 11, and office 202 within 2026."""
    made, path = case("property_tax"), tmp_path / "file.pdf"
    piece = made.piece(made.own, section=1)
    made.draw(path, piece._replace(section=11))
    assert made.wanted(piece).refusal(path)
    made.draw(path, piece)
    assert made.wanted(piece._replace(office="202")).refusal(path)


def test_two_people_in_one_envelope_are_caught_though_their_pages_are_right(tmp_path: Path) -> None:
    made, path = case("property_tax"), tmp_path / "file.pdf"
    together = made.piece(made.own, made.other)
    made.draw(path, together)
    assert "2人あて" in made.wanted(together).refusal(path)


def test_two_cities_in_one_envelope_are_caught_though_their_pages_are_right(tmp_path: Path) -> None:
    made, path = case("property_tax"), tmp_path / "file.pdf"
    together = made.piece(made.own, replaced(made.own, city=OMIHACHIMAN))
    made.draw(path, together)
    assert "2つの市" in made.wanted(together).refusal(path)


def test_a_sheet_less_than_planned_is_caught(tmp_path: Path) -> None:
    made, path = case("property_tax"), tmp_path / "file.pdf"
    piece = made.piece(made.own)
    made.draw(path, piece)
    for sheets in (piece.sheets - 1, piece.sheets + 1):
        assert made.wanted(piece._replace(sheets=sheets)).refusal(path)


# --- any damage at all ---------------------------------------------------------------------------------------------


class Small(NamedTuple):
    """A file of one notice, to be damaged many times."""

    path: Path
    wanted: Wanted
    pages: int


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    made, path = case("property_tax", "long"), tmp_path_factory.mktemp("small") / "file.pdf"
    piece = made.piece(made.own)
    made.draw(path, piece)
    return Small(path, made.wanted(piece), 2 * (1 + piece.sheets))


@pytest.mark.filterwarnings("ignore:Unexpected end of stream")  # qpdf says so of a text that does not end
@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_byte_of_a_page_brings_reading_back_to_a_fall(small: Small, tmp_path: Path, data: st.DataObject) -> None:
    """A damaged page is refused, or what changed is less than a press can show; there is no third way."""
    broken = tmp_path / "file.pdf"
    with pikepdf.open(small.path) as pdf:
        page = pdf.pages[data.draw(st.integers(0, small.pages - 1))].obj
        code = bytearray(page.Contents.read_bytes())
        if code:
            for _ in range(data.draw(st.integers(1, 3))):
                code[data.draw(st.integers(0, len(code) - 1))] = data.draw(st.sampled_from(b"09AF .-<>()/\nqQ%"))
        page.Contents = pdf.make_stream(bytes(code))
        pdf.save(broken)
    small.wanted.refusal(broken)


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_glyph_of_a_text_may_be_another(small: Small, tmp_path: Path, data: st.DataObject) -> None:
    broken = tmp_path / "file.pdf"
    with pikepdf.open(small.path) as pdf:
        page = pdf.pages[data.draw(st.integers(1, small.pages // 2 - 1)) * 2].obj
        code = page.Contents.read_bytes()
        glyphs = [m.start() + 4 * i + 1 for m in re.finditer(rb"<([0-9A-F]+)>Tj", code) for i in range(len(m[1]) // 4)]
        at = data.draw(st.sampled_from(glyphs))
        other = data.draw(st.sampled_from(sorted({code[i : i + 4] for i in glyphs} - {code[at : at + 4]})))
        page.Contents = pdf.make_stream(code[:at] + other + code[at + 4 :])
        pdf.save(broken)
    assert small.wanted.refusal(broken).startswith("file.pdf の")


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_two_pages_may_change_their_places(small: Small, tmp_path: Path, data: st.DataObject) -> None:
    broken = tmp_path / "file.pdf"
    with pikepdf.open(small.path) as pdf:
        places = st.integers(0, small.pages - 1)
        one, other = (pdf.pages[data.draw(places)].obj for _ in range(2))
        assume(one.Contents.read_bytes() != other.Contents.read_bytes())
        one.Contents, other.Contents = other.Contents, one.Contents
        pdf.save(broken)
    assert small.wanted.refusal(broken).startswith("file.pdf の")
