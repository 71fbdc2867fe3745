"""What a layout says, in a clerk's words: fields by their titles, conditions, type, places, overflow rules."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from layouts.checks import TERM
from layouts.language import Box, Column, Slot, Style
from printjobs.core.kinds import Kind

from .fields import column_of, parts_of
from .text import NARROWEST

FONTS = {"mincho": "明朝", "gothic": "ゴシック", "gothic-bold": "太ゴシック", "ocr-b": "OCR-B"}
MARKS = {"customer_barcode": "カスタマバーコード", "gs1_128": "GS1-128", "el_qr": "eL-QR"}
ALIGNS = {"left": "左", "center": "中央", "right": "右"}
OVERFLOWS = {
    "condense": f"字の幅を{NARROWEST}%まで縮める",
    "shrink": f"字を{NARROWEST}%まで小さくする",
    "exact": "縮めない",
}
SIDES = {"front": "表", "back": "裏", "both": "表と裏"}
NEVER_CUT = "それでも入らない文字は切らず、その通知を刷らずに市の一覧に載せます。"

# Names in a layout that stand for no column of a city's file.
_OTHERS: Mapping[str, str] = MappingProxyType(
    {
        "addressee.barcode": "カスタマバーコードの中身",
        "pay.el_qr": "eL-QRの中身",
        "pay.upper": "OCR上段の数字",
        "pay.lower": "OCR下段の数字",
        "page.sheet": "何枚目か",
        "page.sheets": "全部の枚数",
        "page.page": "何頁目か",
        "page.pages": "全部の頁数",
        "run.year": "年度",
        "run.next_year": "翌年度",
        "run.mailing_date": "発送日",
        "city.name": "市の名",
        "city.zip": "市の郵便番号",
        "city.address": "市の所在地",
        "city.office": "担当課",
        "city.telephone": "担当課の電話",
        "city.mayor": "市長の氏名",
        "city.el_qr": "市のeL-QR",
        "city.mpn": "市のOCR行",
        "city.barcode": "市のコンビニ収納",
        "city.unit": "市の通知の単位",
    }
)


def title(path: str, kind: Kind, table: str = "") -> str:
    """The column title of a name in a layout, ``annual_tax``, or what else it is: 年税額."""
    if found := column_of(path, kind, table):
        return found.title
    if path in _OTHERS:
        return _OTHERS[path]
    if parts := [c.title for part in parts_of(path) if (c := column_of(part, kind, table))]:
        return "・".join(parts)
    return f"市の設定 {path.removeprefix('city.')}" if path.startswith("city.") else path


def condition(text: str, kind: Kind, table: str = "") -> str:
    """``payment = 納付書`` as 納付方法が「納付書」のとき; empty for what is always drawn."""
    if not text:
        return ""
    terms = [_term(term, kind, table) for term in text.split(" and ")]
    return "、かつ".join([*(before for before, _ in terms[:-1]), f"{terms[-1][1]}とき"])


def _term(text: str, kind: Kind, table: str) -> tuple[str, str]:
    """One term as it stands before another, and as it stands before とき."""
    match = TERM.fullmatch(text)
    if not match:
        return f"{text} で", f"{text} の"
    name, sign, value = title(match[1], kind, table), match[2], match[3].replace('""', "")
    if sign == ">":
        return f"{name}が{value}より大きく", f"{name}が{value}より大きい"
    if sign == "<":
        return f"{name}が{value}未満で", f"{name}が{value}未満の"
    what = f"{name}が「{value}」" if value else f"{name}が空"
    return (f"{what}で", f"{what}の") if sign == "=" else (f"{what}でなく", f"{what}でない")


def style(found: Style) -> str:
    """``明朝 12.5pt``."""
    return f"{FONTS[found.font]} {found.size:g}pt"


def limits(slot: Slot | Column, holds: int, unit: str = "字") -> str:
    """``27字×2行まで``; ``holds`` is what all its lines take together, as narrow as the rule allows."""
    each = f"{holds // slot.lines}{unit}"
    return f"{each}×{slot.lines}行まで" if slot.lines > 1 else f"{each}まで"


def place(box: Box) -> str:
    """``x 30　y 40.2　幅80×高さ9.8`` in mm."""
    x, y, width, height = box
    return f"{point((x, y))}　幅{width:g}×高さ{height:g}"


def point(at: tuple[float, float]) -> str:
    return f"x {at[0]:g}　y {at[1]:g}"
