"""What the layout says against printing a notice, as sentences for the city that handed it in."""

from __future__ import annotations

from fonts import is_private
from printjobs import intake
from printjobs.core.kinds import Kind, Table
from printjobs.core.model import Notice
from printjobs.core.plan import MOST_SHEETS
from printjobs.render.compiled import CompiledLayout
from printjobs.render.places import Fault


def fits(layout: CompiledLayout, notice: Notice) -> list[intake.Fit]:
    """The faults of a notice, each cell told once; empty when it can be printed."""
    if layout.fits(notice):
        return []
    found = [_fit(layout.kind, notice, fault) for fault in layout.check(notice)]
    if (sheets := layout.sheet_count(notice)) > MOST_SHEETS:
        told = f"この通知は{sheets:,}枚になり、1通の郵便物（{MOST_SHEETS}枚まで）に入りません。分けて提出してください。"
        found.append(intake.Fit("too_many_sheets", layout.kind.notices.name, 0, "number", told))
    return list({(fit.code, fit.table, fit.index, fit.column): fit for fit in reversed(found)}.values())[::-1]


def _fit(kind: Kind, notice: Notice, fault: Fault) -> intake.Fit:
    """A fault at the cell it comes from: a name that does not fit a slip is still the notice's name."""
    table, index, column = kind.table(fault.table), fault.index, None
    for field in fault.fields:
        scope, _, key = field.rpartition(".")
        source = table if scope == "row" else kind.notices
        found = next((c for c in source.columns if c.key == key and scope != "page"), None)
        if found is None:
            continue
        holds = fault.character in _text(notice, source, fault.index, scope, key)  # nothing is in every text
        if column is None or holds:
            table, index, column = source, fault.index if scope == "row" else 0, found
        if holds:
            break
    title = column.title if column else ""
    private = fault.character and is_private(fault.character[0])
    message = {
        "no_glyph": f"「{title}」の文字 {fault.detail} を印字できる書体がありません。"
        + (
            "外字フォント（PRINTJOBS_GAIJI_FONT）にこの字形を加えて回を開き直すか、外字表を直してください。"
            if private
            else "IPAmj明朝（fonts-ipamj-mincho）を入れて回を開き直すか、外字として同定してください。"
        ),
        "overflow": f"「{title}」が枠に入りきりません（{fault.detail}）。文字溢れ一覧に載せ、この通知は取り置きました。"
        "短い表記にするか、手作業で作ってください。",
        "too_many_rows": f"{table.file} の行が表に入る数を超えています（{fault.detail}）。"
        "行を減らすか、様式を改めてください。",
    }[fault.code]
    key = column.key if column else ""
    return intake.Fit(fault.code, table.name, index, key, message, fault.length, fault.holds)


def _text(notice: Notice, table: Table, index: int, scope: str, key: str) -> str:
    """What a slot's field holds in this notice."""
    if scope == "addressee":
        return str(getattr(notice.addressee, key))
    if scope == "row":
        return str(notice.tables[table.name][index][table.index(key)])
    return str(notice.fields.get(key, ""))
