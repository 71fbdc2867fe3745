"""What the premiums of the elderly have in common on paper: how they are collected, and what the cover says of it."""

from __future__ import annotations

from collections import Counter

from printjobs.core import japanese
from printjobs.core.kinds import DEBIT, PENSION, SLIP
from printjobs.core.model import Notice
from tests.golden import kinds
from tests.golden.paper import Box, Paper, squeezed

KUSATSU, OMIHACHIMAN, MAIBARA, KOKA = "252069", "252042", "252140", "252093"
WAYS: kinds.Choices = {
    "納付書": (
        KUSATSU,
        lambda n: n.fields["payment"] == SLIP and not n.fields["pension"] and len(n.tables["instalments"]) == 9,
    ),
    "口座振替": (
        KUSATSU,
        lambda n: n.fields["payment"] == DEBIT and not n.fields["pension"] and n.fields["months"] == 12,
    ),
    "年金": (KUSATSU, lambda n: n.fields["payment"] == PENSION),
    "併用": (KUSATSU, lambda n: bool(n.fields["pension"] and n.fields["ordinary"])),
    "保険料なし": (KUSATSU, lambda n: n.fields["premium"] == 0),
    "1期だけ": (KUSATSU, lambda n: len(n.tables["instalments"]) == 1),
    "月割": (KUSATSU, lambda n: n.fields["months"] not in (1, 12)),
    "国外": (KUSATSU, lambda n: bool(n.addressee.country)),
    "長い方書": (OMIHACHIMAN, lambda n: len(n.addressee.building) > 30),
    "公印省略": (MAIBARA, lambda n: n.fields["payment"] == SLIP),
    "異体字": (MAIBARA, lambda n: "\U000e0100" in n.addressee.name),
}


def labelled(paper: Paper, choices: kinds.Choices) -> dict[str, Notice]:
    return dict(zip(choices, kinds.notices_of(paper), strict=True))


def pages_of(paper: Paper, notice: Notice, *pages: str) -> list[int]:
    return [number for number, sheet in paper.sides(*pages) if sheet.notice is notice]


def check_sample(code: str, city: str) -> None:
    """Intake finds in the sample what its writer spoiled, and nothing else."""
    found = kinds.handed_in(code, city)
    orphans = {number: {"orphan_row"} for number in found.summary.orphans}
    extra = {number: {"no_glyph"} for number in found.summary.needs_extra_font - found.summary.bad.keys()}
    assert found.problems == {number: {code} for number, code in found.summary.bad.items()} | orphans | extra


def check_amounts(paper: Paper) -> None:
    """The cover states every amount of its notice, each as a word of its own."""
    for number, sheet in paper.sides("cover"):
        assert sheet.notice is not None
        words = Counter(paper.words(number))
        wanted = {key: kinds.shown(value) for key, value in sheet.notice.fields.items() if isinstance(value, int)}
        missing = {key for key, amount in wanted.items() if not words[amount]}
        assert missing <= {"step"}, sheet.label


def check_schedule(paper: Paper) -> None:
    """Instalments at the left with their due dates, what the pension pays at the right with its days."""
    for number, sheet in paper.sides("cover"):
        assert sheet.notice is not None
        left, right = (paper.text(number, Box(x, 140, x + 88, 196)) for x in (24, 112))
        tables = sheet.notice.tables
        for period, due, amount, *_ in tables["instalments"]:
            line = japanese.period(int(period)) + japanese.era_date(str(due)) + japanese.yen(int(amount))
            assert line in left, sheet.label
        for paid, stage, amount in tables["withheld"]:
            assert f"{japanese.era_date(str(paid))}{stage}{japanese.yen(int(amount))}" in right, sheet.label
        assert ("（ありません）" in left) is not any(row[2] for row in tables["instalments"]), sheet.label
        assert ("（ありません）" in right) is not tables["withheld"], sheet.label


def check_titles(paper: Paper, choices: kinds.Choices, levy: str) -> None:
    """The notice is called what it is: somebody who pays from the pension gets no 納入通知書."""
    ends = {
        "納付書": "兼納入通知書", "口座振替": "兼納入通知書", "年金": "兼特別徴収決定通知書",
        "併用": "兼特別徴収・納入通知書", "保険料なし": "",
    }  # fmt: skip
    title = Box(24, 62, 205, 79)
    for label, end in ends.items():
        text = paper.text(pages_of(paper, labelled(paper, choices)[label], "cover")[0], title)
        assert text.endswith(f"度{levy}{levy}額決定通知書{end}"), label


def check_ways(paper: Paper) -> None:
    """Each is told how to pay as it is collected, and nothing that is somebody else's."""
    for number, sheet in paper.sides("cover"):
        assert sheet.notice is not None
        fields, text = sheet.notice.fields, paper.text(number)
        pension, ordinary = fields["pension"] != 0, fields["ordinary"] != 0
        wanted = {
            "同封の納付書で": ordinary and fields["payment"] == SLIP,
            "指定の口座から振り替えます": ordinary and fields["payment"] == DEBIT,
            "年金から差し引いて納めていただきます": pension and not ordinary,
            "年金から差し引く額と、この普通徴収の額": pension and ordinary,
            "0円のため、納める必要はありません": not pension and not ordinary,
        }
        assert {phrase: phrase in text for phrase in wanted} == wanted, sheet.label


def check_slips(paper: Paper, choices: kinds.Choices) -> None:
    """One slip for each instalment of who pays by slips; none for anybody else, and one sheet fewer to mail."""
    for label, notice in labelled(paper, choices).items():
        slips = len(notice.tables["instalments"]) if notice.fields["payment"] == SLIP else 0
        assert sum(len(sheet.slips) for sheet in paper.sheets if sheet.notice is notice) == slips, label
        assert len(pages_of(paper, notice, "cover", "slips")) == 1 + -(-slips // 3), label
        rows = [row for sheet in paper.sheets if sheet.notice is notice for row in sheet.slips]
        pages = [number for number in pages_of(paper, notice, "slips") for _ in range(3)]
        for i, (row, number) in enumerate(zip(rows, pages, strict=False)):
            top = i % 3 * 99
            text = paper.text(number, Box(24, top, 205, top + 98))
            assert text.count(f"¥{kinds.shown(row[2])}") == text.count(japanese.period(int(row[0]))) == 3, label
            assert squeezed(notice.addressee.name) in text


def check_no_local_tax_symbol(paper: Paper) -> None:
    """In July 2026 premiums are not yet paid through eLTAX: neither its symbol nor its name is on a slip."""
    for number, sheet in paper.sides("slips", "slip_back", "guide"):
        text = paper.text(number)
        assert "eL" not in text, sheet.label
        assert "全期" not in text, sheet.label
