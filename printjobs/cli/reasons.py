"""A mistake in a layout, told to a clerk. The loader's own reasons are English, for whoever mends the file.

What is not among them comes from the readers of YAML and of types; it is passed on as it is.
"""

from __future__ import annotations

import re

from layouts import LayoutError
from printjobs.render import words

# What the loader says, and what a clerk reads. ``{x}`` stands for a part that goes over as it is.
REASONS = (
    ("no page is called {name}", "頁「{name}」がありません。"),
    ("no rows are called {name}", "行の選び方「{name}」がありません。"),
    ("no group is called {name}", "組「{name}」がありません。"),
    ("no style is called {name}", "文字の見かた「{name}」がありません。"),
    ("page {page} has no place for {name}", "頁「{page}」に「{name}」の行を刷る所がありません。"),
    ("there is no shared file {name}", "共通の部分のファイル「{name}」がありません。"),
    ("not UTF-8", "文字コードが UTF-8 ではありません。"),
    ("the box {box} leaves the paper {size}", "枠{box}が紙からはみ出しています。"),
    (
        "the box is too small for {mark} with its quiet zone ({least} at least)",
        "枠が小さすぎます。{mark}は余白を含めて{least}以上が要ります。",
    ),
    (
        "{mark} takes {size} with its quiet zone on this device, the box has {box}",
        "枠が小さすぎます。{mark}はこの機械では余白を含めて{size}になりますが、枠は{box} mm です。",
    ),
    ("marks.toml has no size for a device of {dpi} dpi", "marks.toml に{dpi}dpiの機械の大きさがありません。"),
    ("a seal is {most} mm square at most", "公印は{most}mm角までです。"),
    ("a seal of {side} mm does not go into {box} mm", "{side}mmの公印が、枠{box} mm に入りません。"),
    ("{what} {name} lies in the no-print zone {zone}", "{what}「{name}」が、刷らない所「{zone}」に掛かっています。"),
    ("{what} {name} overlaps {other} {second}", "{what}「{name}」が{other}「{second}」と重なっています。"),
    (
        "mark {name} has something printed in its quiet zone at {box}",
        "記号「{name}」の余白に、ほかのもの{box}が刷られます。",
    ),
    (
        "no zone of the fronts keeps the place of the sheet mark free, {box}",
        "封入機のQRの場所{box}を空けておく「刷らない所」が、表の面にありません。",
    ),
    ("{kind} has no file {name}", "種別 {kind} に明細ファイル「{name}」がありません。"),
    ("slips are rows of {name}", "slips（納付書）は「{name}」の行でなければなりません。"),
    ("the city profiles have no value {name}", "市の設定に「{name}」がありません。"),
    ("{kind} has no field {name} in rows of {table}", "種別 {kind} の「{table}」の行に、項目「{name}」がありません。"),
    ("{kind} has no field {name}", "種別 {kind} に、項目「{name}」がありません。"),
    (
        "a name is printed with its honorific: addressee.who has both",
        "氏名は敬称なしでは刷れません。敬称の付く addressee.who を使います。",
    ),
    ("{name} cannot be written as {form}", "項目「{name}」は「{form}」の書き方では刷れません。"),
    ("no format is called {name}; known: {known}", "書き方「{name}」はありません。使えるもの: {known}"),
    (
        "a brace or bracket that is no field and no optional part: {text}",
        "波かっこか角かっこの書き方が違います: {text}",
    ),
    (
        "a condition is FIELD OP VALUE with =, !=, > or <, not: {text}",
        "条件は「項目 = 値」の形（= != > <、前後に空白）で書きます: {text}",
    ),
    ("a condition with {sign} takes a whole number, not: {text}", "条件の {sign} には整数を書きます: {text}"),
    (
        "{name} is never {value}; it is one of: {known}",
        "「{name}」が「{value}」になることはありません。なるもの: {known}",
    ),
    # What the reader of types says most.
    ("Object missing required field `{name}`", "「{name}」が書いてありません。"),
    ("Object contains unknown field `{name}`", "「{name}」という書き方はありません。つづりを確かめてください。"),
    ("Invalid enum value '{name}'", "「{name}」は選べません。docs/layouts.md の選べる語を確かめてください。"),
)
_WHAT = {"slot": "欄", "mark": "記号", "table": "表", **words.MARKS}
_LEAD = "様式の書き方に誤りがあります。"


def _pattern(reason: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(reason)), re.DOTALL)


_TABLE = tuple((_pattern(english), told) for english, told in REASONS)


def japanese(reason: str) -> str:
    """A reason of the loader in Japanese; empty for one that is not among ours."""
    for pattern, told in _TABLE:
        if match := pattern.fullmatch(reason):
            return told.format_map({key: _WHAT.get(part, part) for key, part in match.groupdict().items()})
    return ""


def told(error: LayoutError) -> str:
    """A sentence with file and line."""
    return f"{error.file}:{error.line}: {japanese(error.reason) or _LEAD + error.reason}"
