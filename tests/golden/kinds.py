"""Notices of any kind on paper, for the golden tests: made up by the sample writer, taken in by the real reader.

Nobody in them exists. The same call gives the same bytes, in this process and in another.
"""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

import layouts
from fonts import FontSet
from printjobs import intake, reference
from printjobs.core.kinds import KINDS
from printjobs.core.marks import customer, el_qr
from printjobs.core.marks import sheet as marks
from printjobs.core.model import Notice
from printjobs.pipeline.fitting import fits
from printjobs.reference.profile import profiles
from printjobs.render.compiled import CompiledLayout
from printjobs.render.printfile import FileJob, FilePiece, render_file, sheet_marks
from printjobs.render.schema import compile_layout
from printjobs.sample import gaiji
from printjobs.sample.handin import CitySummary, Order, write_city
from tests.golden.notices import KEY, Row, Sheet
from tests.golden.paper import Box, Paper, page_digest, squeezed

HERE = Path(__file__).parent
YEAR, SEED = 2026, 1
_BARCODE = Box(30, 50.5, 112, 60)  # where the envelope group of the layouts has the customer barcode
# Label to a city, empty for any, and which of its notices.
Choices = Mapping[str, tuple[str, Callable[[Notice], bool]]]


class HandedIn(NamedTuple):
    """One city's sample as intake took it: notices, codes of the problems by notice number, what the writer says."""

    notices: list[Notice]
    problems: dict[str, set[str]]
    summary: CitySummary


def mailing_date(code: str) -> str:
    month, day = KINDS[code].mailing
    return f"{YEAR}-{month:02d}-{day:02d}"


@cache
def compiled(code: str) -> CompiledLayout:
    """The newest layout of a kind, with the faces of this package only."""
    return compile_layout(KINDS[code], layouts.newest(code, YEAR), FontSet(None), YEAR, mailing_date(code))


@cache
def handed_in(code: str, city: str, count: int = 250) -> HandedIn:
    """About ``count`` notices of a city; those that need the optional face are problems here (``no_glyph``)."""
    kind, own = KINDS[code], reference.city(city)
    with TemporaryDirectory() as folder:
        order = Order(kind, YEAR, count / own.taxpayers[code], SEED)
        summary = write_city(Path(folder), own, order)
        stated = intake.parse((Path(folder) / intake.NAME).read_bytes(), kind, YEAR, city)
        profile, zips, layout = profiles(code, YEAR)[city], intake.PostalCodes(), compiled(code)
        rules = intake.Rules(
            profile.terms(mailing_date(code)),
            partial(zips.barcode, profile.unparsed_address),
            zips.knows,
            lambda notice: fits(layout, notice),
            gaiji.settled(city),
        )
        files = {t.file: io.BytesIO((Path(folder) / t.file).read_bytes()) for t in (kind.notices, *kind.details)}
    reader = intake.SubmissionReader(kind, stated, {}, lambda name: files[name], rules)
    notices: list[Notice] = []
    problems: dict[str, set[str]] = defaultdict(set)
    for outcome in reader:
        if outcome.notice is not None:
            notices.append(outcome.notice)
        for problem in outcome.problems:
            problems[problem.notice_number].add(problem.code)
    reader.settle()
    return HandedIn(notices, dict(problems), summary)


def print_file(code: str, choices: Choices, folder: Path) -> Paper:
    """A print file with one piece for each label: the first notice that fits the choice."""
    layout, run_id = compiled(code), f"{code}-{YEAR}"
    job = FileJob(
        file_id=f"{run_id}-B001-F01", run=marks.run_code(run_id), batch_id=f"{run_id}-B001", batch=1, generation=1,
        by_hand=False, date=mailing_date(code), key=KEY,
    )  # fmt: skip
    pieces, sheets = [], []
    for i, (label, (city, wanted)) in enumerate(choices.items(), start=1):
        samples = (handed_in(code, own) for own in ([city] if city else reference.cities()))
        notice = next((n for sample in samples for n in sample.notices if wanted(n)), None)
        assert notice is not None, f"the sample has no notice for {label}"
        inserts = int(layout.has_rows(notice, "slips"))
        piece = FilePiece(i, notice.city, notice.addressee.zip[:3], layout.sheet_count(notice), inserts, 0, [notice])
        pieces.append(piece)
        sides, texts = layout.sides(notice), (text for _, text in sheet_marks(job, piece))
        for n, (front, back) in enumerate(zip(sides[::2], sides[1::2], strict=True), start=1):
            slips: tuple[Row, ...] = tuple(front.rows[1]) if front.rows and front.page == "slips" else ()
            sheets.append(Sheet(f"{label} {n}枚目", next(texts), notice, front.page, back.page, slips))
    press = reference.vendor()
    path = folder / f"{code}.pdf"
    with path.open("wb") as sink:
        written = render_file(sink, layout, press.mark, press.print_.dpi, job, pieces)
    return Paper(path, sheets, written)


def notices_of(paper: Paper) -> list[Notice]:
    """The notices of a file in their order, each once."""
    return list({id(s.notice): s.notice for s in paper.sheets if s.notice is not None}.values())


def compare_with_recorded(code: str, paper: Paper, *, update: bool) -> None:
    """The first, the middle and the last page, by the digest of their page code, in ``CODE.json`` beside the tests."""
    number = len(paper.pdf.pages)
    now = {str(n + 1): page_digest(paper.pdf.pages[n]) for n in (0, number // 2, number - 1)}
    file = HERE / f"{code}.json"
    if update:
        file.write_text(json.dumps({"pages": number, "digests": now}, indent=1) + "\n", encoding="utf-8")
    recorded = json.loads(file.read_bytes())
    if recorded != {"pages": number, "digests": now}:
        pytest.fail(f"pages differ from {file.name}; if they are meant: pytest tests/golden --update-golden", False)


def check_symbols(code: str, paper: Paper) -> None:
    """Every symbol of every front, read from its pixels, says what the record says, and no other is there."""
    layout = compiled(code)
    keys = [c.key for c in layout.kind.table(layout.kind.payable).columns[1:]]
    for number, sheet in paper.fronts():
        assert sheet.notice is not None
        found = paper.codes(number)
        rows = [dict(zip(keys, row, strict=True)) for row in sheet.slips]
        payer = layout.cities[sheet.notice.city].payer
        wanted = [sheet.mark] + [str(row["barcode"]) for row in rows if row["barcode"]]
        wanted += [payer.digits(row) for row in sheet.slips if payer.el_qr]
        assert Counter(one.text for one in found) == Counter(wanted), sheet.label
        said = [el_qr.parse(one.text) for one in found if len(one.text) == el_qr.LENGTH]
        named = ("amount", "due", "accept_until", "payment_number", "confirmation", "division")
        assert {tuple(getattr(one, name) for name in named) for one in said} <= {
            tuple(row[name] for name in named) for row in rows
        }, sheet.label


def check_addresses(paper: Paper) -> None:
    """Bar by bar, the customer barcode of every cover is that of its address; one that has none has no bars."""
    for number, sheet in paper.fronts("cover"):
        assert sheet.notice is not None
        said = sheet.notice.addressee.barcode
        wanted = customer.bars(customer.symbols(said[:7], said[7:])) if said else ""
        assert paper.bars(number, _BARCODE) == wanted, sheet.label


def check_names(paper: Paper) -> None:
    """On every cover and slip the name is followed by its honorific wherever it stands, and the number is there."""
    for number, sheet in paper.fronts("cover", "slips"):
        assert sheet.notice is not None
        who, text = sheet.notice.addressee, paper.text(number)
        name, times = squeezed(who.name), max(1, 3 * len(sheet.slips))
        co_owners = squeezed(str(sheet.notice.fields.get("co_owners", "")))
        assert text.count(name + co_owners + who.honorific) == times, sheet.label
        assert text.count(sheet.notice.number) >= times, sheet.label


def check_margins(paper: Paper) -> None:
    """The inserter's strip has the sheet mark and nothing else, and the edges of every page are white.

    Lines may stand just at five millimetres.
    """
    mark = Box(0, reference.vendor().mark.y - 5, 24, reference.vendor().mark.y + 30)
    for number, _ in paper.fronts():
        assert paper.is_white(number, Box(0, 0, 24, 297), but=[mark]), number
    for number in range(paper.written.pages):
        for edge in (Box(0, 0, 4.8, 235), Box(0, 0, 210, 4.8), Box(205.2, 0, 210, 297), Box(0, 292.2, 210, 297)):
            assert paper.is_white(number, edge), number


def shown(amount: int | str) -> str:
    return f"{int(amount):,}"
