"""The customer barcode as a reader knows it: what bars say, and what bars a value must give.

Source: Japan Post, postal code and barcode manual, pages 12, 20 and 21, whose own figures for bars are kept: 1 long,
2 semi-long up, 3 semi-long down, 4 timing. Nothing is shared with what prints the barcode (``core.marks.customer``),
so that a mistake in either shows.
"""

from __future__ import annotations

from string import ascii_uppercase

COUNT = 67
_START, _STOP = "13", "31"
_SYMBOLS = 20  # before the check symbol
_DIGITS = {
    "0": "144", "1": "114", "2": "132", "3": "312", "4": "123", "5": "141", "6": "321", "7": "213", "8": "231",
    "9": "411",
}  # fmt: skip
_HYPHEN = "414"
_CONTROL = ("324", "342", "234", "432", "243", "423", "441", "111")  # CC1 to CC8
_FILL = _CONTROL[3]
_BY_VALUE = (*_DIGITS.values(), _HYPHEN, *_CONTROL)
_VALUE = {bars: value for value, bars in enumerate(_BY_VALUE)}
# A letter is a control code and a digit: A to J behind CC1, K to T behind CC2, U to Z behind CC3.
_BARS_OF = {**_DIGITS, "-": _HYPHEN} | {
    letter: _CONTROL[place // 10] + _DIGITS[str(place % 10)] for place, letter in enumerate(ascii_uppercase)
}
_SAID_BY = {bars: character for character, bars in _BARS_OF.items()}


def bars_of(value: str) -> str:
    """The 67 bars, ``1`` to ``4``, that a postal code of seven digits and the address number behind it must give.

    What is longer than 20 symbols is cut, also within a letter: its control code then stands alone (page 20).
    KeyError for a character that no customer barcode has.
    """
    twenty = ("".join(map(_BARS_OF.__getitem__, value)) + _FILL * _SYMBOLS)[: 3 * _SYMBOLS]
    return _START + twenty + _BY_VALUE[-_total(twenty) % len(_BY_VALUE)] + _STOP


def read_bars(bars: str) -> str:
    """The postal code and the address number that 67 bars, ``1`` to ``4``, say.

    The fill is no part of it, nor a control code that the cut parted from its digit. ValueError where the bars are no
    customer barcode: start, stop, a symbol that there is not, a wrong check symbol, anything behind the fill.
    """
    inner = bars[len(_START) : -len(_STOP)]
    if len(bars) != COUNT or not (bars.startswith(_START) and bars.endswith(_STOP)):
        raise ValueError("not the bars of a customer barcode")
    symbols = [inner[at : at + 3] for at in range(0, len(inner), 3)]
    if not _VALUE.keys() >= set(symbols) or _total(inner) % len(_BY_VALUE):
        raise ValueError("a symbol that there is not, or a wrong check symbol")
    said, control = "", ""
    for place, symbol in enumerate(symbols[:_SYMBOLS]):
        if symbol in _CONTROL[:3] and not control:
            control = symbol
        elif symbol == _FILL and not control and set(symbols[place:_SYMBOLS]) == {_FILL}:
            break
        else:
            said, control = said + _character(control + symbol), ""
    return said


def _character(bars: str) -> str:
    if bars not in _SAID_BY:
        raise ValueError("symbols that say no character")
    return _SAID_BY[bars]


def _total(bars: str) -> int:
    """The values of the symbols, added up; with the check symbol a multiple of 19."""
    return sum(_VALUE[bars[at : at + 3]] for at in range(0, len(bars), 3))
