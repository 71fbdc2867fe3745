"""Two versions of a layout compared: nothing that changed goes unsaid, and what touches a name comes first."""

from __future__ import annotations

import io
from collections import Counter

import msgspec
import pypdf
import pytest

import layouts
from fonts import FontSet
from layouts import Layout
from layouts.language import Mark, Part, Rule, Sheet, Slot, Style, Text, Zone
from printjobs.core.kinds import KINDS
from printjobs.render.city import city_texts
from printjobs.render.compiled import CompiledLayout
from printjobs.render.differences import Change, How, differences
from printjobs.render.differences_pdf import Version, write_differences

FONTS = FontSet(None)
BODY = Style("mincho", 9)
WHO = Slot(at=(30, 40, 80, 10), text="{addressee.who}", style="name", name="宛名")
NUMBER = Slot(at=(50, 103, 34, 8), text="{number}", style="body", name="通知書番号")
TITLE = Text(at=(26, 70, 170, 7), say="納税通知書", style="body")
RULE = Rule(from_=(26, 100), to=(200, 100))
BARCODE = Mark(mark="customer_barcode", at=(30, 51, 80, 8), of="addressee.barcode", name="バーコード")
STRIP = Zone("QRの帯", (0, 0, 24, 297), "front")
PAGE = layouts.language.Page(static=(TITLE, RULE), slots=(WHO, NUMBER), marks=(BARCODE,))
OLD = Layout(
    "property_tax", "2026-1", "納税通知書", {"body": BODY, "name": Style("mincho", 12)}, {},
    (Sheet("cover", "blank"),), {"cover": PAGE, "blank": layouts.language.Page()}, zones=(STRIP,),
)  # fmt: skip


def with_page(**parts: object) -> Layout:
    page = msgspec.structs.replace(PAGE, **parts)
    return msgspec.structs.replace(OLD, pages={**OLD.pages, "cover": page})


def with_slot(slot: Slot, **parts: object) -> Layout:
    return with_page(slots=tuple(msgspec.structs.replace(s, **parts) if s is slot else s for s in PAGE.slots))


def only(changes: list[Change]) -> Change:
    (change,) = changes
    return change


def test_a_layout_differs_in_nothing_from_itself() -> None:
    for kind in KINDS:
        layout = layouts.load(kind, layouts.versions(kind)[-1])
        assert differences(layout, layout) == []


@pytest.mark.parametrize(
    ("new", "how", "said"),
    [
        (with_slot(NUMBER, at=(52, 103, 34, 8)), How.MOVED, "欄「通知書番号」が動きました。x 50　y 103 → x 52　y 103"),
        (with_slot(NUMBER, at=(50, 103, 30, 8)), How.MOVED,
         "欄「通知書番号」の大きさが変わりました。幅34×高さ8 → 幅30×高さ8"),
        (with_slot(NUMBER, text="{addressee.number}"), How.CHANGED,
         "の刷るものが変わりました。{number}（通知書番号） → {addressee.number}（宛名番号）"),
        (with_slot(NUMBER, style="name"), How.CHANGED, "の文字が変わりました。body（明朝 9pt） → name（明朝 12pt）"),
        (with_slot(NUMBER, align="right"), How.CHANGED, "の揃えが変わりました。左 → 右"),
        (with_slot(NUMBER, lines=2), How.CHANGED, "の行数が変わりました。1行 → 2行"),
        (with_slot(NUMBER, top=True), How.CHANGED, "の書き出しが変わりました。"),
        (with_slot(NUMBER, overflow="exact"), How.CHANGED,
         "の入りきらないときが変わりました。字の幅を70%まで縮める → 縮めない"),
        (with_slot(NUMBER, name="番号"), How.CHANGED, "欄「通知書番号」の名前が欄「番号」に変わりました。"),
        (with_page(slots=(WHO,)), How.REMOVED, "欄「通知書番号」がなくなりました（x 50　y 103　幅34×高さ8）。"),
        (with_page(slots=(WHO,), parts=(Part("payment = 納付書", slots=(NUMBER,)),)), How.CHANGED,
         "欄「通知書番号」の刷るときが変わりました。いつも → 納付方法が「納付書」のとき"),
        (with_page(marks=()), How.REMOVED, "記号「バーコード」がなくなりました"),
        (with_page(static=(TITLE,)), How.REMOVED, "罫線がなくなりました"),
        (with_page(static=(TITLE, RULE, msgspec.structs.replace(RULE, from_=(26, 200), to=(120, 200)))), How.ADDED,
         "罫線が増えました"),
        (with_page(static=(msgspec.structs.replace(TITLE, at=(26, 120, 170, 7)), RULE)), How.MOVED,
         "文「納税通知書」が動きました。x 26　y 70 → x 26　y 120"),
        (with_page(static=(msgspec.structs.replace(TITLE, say="納税の通知書"), RULE)), How.CHANGED,
         "の文が変わりました。「納税通知書」 → 「納税の通知書」"),
        (msgspec.structs.replace(OLD, title="通知書"), How.CHANGED, "表題が変わりました。納税通知書 → 通知書"),
        (msgspec.structs.replace(OLD, zones=()), How.REMOVED, "刷らない所「QRの帯」がなくなりました。"),
        (msgspec.structs.replace(OLD, zones=(Zone("QRの帯", (0, 0, 20, 297), "front"),)), How.CHANGED,
         "刷らない所「QRの帯」が変わりました。"),
        (msgspec.structs.replace(OLD, styles={**OLD.styles, "body": Style("mincho", 8)}), How.CHANGED,
         "文字「body」の見かたが変わりました。明朝 9pt → 明朝 8pt。2か所に効きます。"),
        (msgspec.structs.replace(OLD, sheets=(*OLD.sheets, Sheet("blank", "blank"))), How.CHANGED,
         "紙の2つ目が変わりました。なし → 表 blank、裏 blank"),
    ],
)  # fmt: skip
def test_one_change_is_one_sentence(new: Layout, how: How, said: str) -> None:
    change = only(differences(OLD, new))
    assert said in change.message
    assert (change.how, change.urgent) == (how, False)


def test_a_view_of_rows_that_changed_is_told() -> None:
    rows = layouts.language.Rows("instalments", where="row.amount > 0")
    new = msgspec.structs.replace(OLD, rows={"slips": rows})
    assert only(differences(OLD, new)).message == (
        "行の選び方「slips」が増えました。instalments.csv、行の条件 row.amount > 0"
    )


@pytest.mark.parametrize(
    "new",
    [
        with_page(slots=(NUMBER,)),
        with_slot(WHO, text="{addressee.name}"),
        msgspec.structs.replace(OLD, sheets=(Sheet("blank", "blank"),)),
    ],
    ids=["slot removed", "honorific dropped", "page removed"],
)
def test_an_honorific_that_is_no_longer_printed_is_said_first_and_loudly(new: Layout) -> None:
    """19,231 notices once went out without 様 after a change of form."""
    more = msgspec.structs.replace(new, title="新しい通知書", zones=())
    first, *rest = differences(OLD, more)
    assert first.urgent
    assert first.message.startswith("【宛名・敬称】")
    assert "刷られなくなります" in first.message
    assert rest
    assert not any(change.urgent for change in rest)


@pytest.mark.parametrize(
    "new",
    [
        with_slot(WHO, at=(30, 45, 80, 5)),
        with_slot(WHO, style="body"),
        with_slot(WHO, name="氏名"),
        with_page(slots=(NUMBER,), parts=(Part("payment = 納付書", slots=(WHO,)),)),
        msgspec.structs.replace(OLD, styles={**OLD.styles, "name": Style("mincho", 6)}),
    ],
    ids=["moved", "style", "renamed", "condition", "style itself"],
)
def test_whatever_touches_a_name_is_urgent(new: Layout) -> None:
    changes = differences(OLD, new)
    assert changes
    assert all(change.urgent for change in changes)


@pytest.mark.parametrize(("one", "other"), [("property_tax", "resident_tax"), ("care_insurance", "late_elderly")])
def test_what_is_new_one_way_is_gone_the_other_way(one: str, other: str) -> None:
    old, new = (layouts.load(kind, layouts.versions(kind)[-1]) for kind in (one, other))
    there, back = differences(old, new), differences(new, old)
    count, turned = Counter(c.how for c in there), Counter(c.how for c in back)
    assert count[How.ADDED] == turned[How.REMOVED] > 0
    assert count[How.REMOVED] == turned[How.ADDED] > 0


def version(layout: Layout, name: str) -> Version:
    kind = KINDS[layout.kind]
    return Version(name, CompiledLayout(layout, kind, FONTS, city_texts(kind, 2026, "2026-04-10")), "252069")


def test_the_pdf_begins_with_the_list_and_has_each_page_that_changed() -> None:
    new = with_slot(NUMBER, at=(52, 103, 34, 8))
    changes = differences(OLD, new)
    pdf, names = write_differences(version(OLD, "前"), version(new, "後"), changes)
    document = pypdf.PdfReader(io.BytesIO(pdf))
    assert names == ["changes", "cover"]
    assert len(document.pages) == len(names)
    listed = "".join(document.pages[0].extract_text().split())
    assert "".join(changes[0].message.split()) in listed
    assert "blank" in listed  # the page that stayed as it was
    width, height = (float(document.pages[1].mediabox[i]) for i in (2, 3))
    assert width > height  # two pages side by side
    assert write_differences(version(OLD, "前"), version(new, "後"), changes)[0] == pdf


def test_two_equal_versions_have_a_pdf_that_says_so() -> None:
    pdf, names = write_differences(version(OLD, "前"), version(OLD, "後"), [])
    assert names == ["changes"]
    assert "0か所" in pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


def test_a_page_that_only_one_version_has_is_drawn_beside_an_empty_one() -> None:
    extra = msgspec.structs.replace(
        OLD, sheets=(*OLD.sheets, Sheet("extra", "blank")), pages={**OLD.pages, "extra": PAGE}
    )
    changes = differences(OLD, extra)
    assert any(c.message == "頁 extra が増えました。" for c in changes)
    pdf, names = write_differences(version(OLD, "前"), version(extra, "後"), changes)
    page = pypdf.PdfReader(io.BytesIO(pdf)).pages[names.index("extra")]
    assert "この版に、この頁はありません。" in page.extract_text()
