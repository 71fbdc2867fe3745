"""The customer barcode (カスタマバーコード): a postal code and an address number as 67 bars.

Source: Japan Post, postal code and barcode manual, pages 12, 20 and 21. Bars are written as letters:
F is long, A is half with its upper end (semi-long up), D half with its lower end, T a timing bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LENGTH = 20  # symbols: seven of the postal code, 13 of the address number
BARS = 67
MODULES = 2 * BARS - 1  # a bar and a space are one module each
CLEAR = 2.0  # mm of white on every side, also from the edge of the window however the sheet lies
LEAST_POINTS, MOST_POINTS = 8.0, 11.5

# In the order of their values, 0 to 18. A letter is a control code and a digit: A to J CC1, K to T CC2, U to Z CC3.
_SYMBOLS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "-", *(f"CC{i}" for i in range(1, 9)))
_BARS = "FTT FFT FDA DFA FAD FTF DAF AFD ADF TFF TFT DAT DTA ADT TDA ATD TAD TTF FFF"
_VALUE = {symbol: value for value, symbol in enumerate(_SYMBOLS)}
_BARS_OF = dict(zip(_SYMBOLS, _BARS.split(), strict=True))
_SYMBOL_OF = {bars_: symbol for symbol, bars_ in _BARS_OF.items()}
_START, _STOP = "FD", "DF"
_LETTERS = ("CC1", "CC2", "CC3")
_FILL = "CC4"


def symbols(zip_code: str, number: str) -> tuple[str, ...]:
    """The 20 symbols before the check symbol: digits, ``-``, ``CC1`` to ``CC3`` before a letter's digit, ``CC4``.

    ``zip_code`` is seven digits, ``number`` the address number. What is longer is cut; where the cut falls into
    a letter its control code alone stays (page 20). ValueError for any other character.
    """
    if len(zip_code) != 7 or not (zip_code.isascii() and zip_code.isdecimal()):
        raise ValueError("a postal code is seven digits")
    found = list(zip_code)
    for char in number:
        if "A" <= char <= "Z":
            group, digit = divmod(ord(char) - ord("A"), 10)
            found += f"CC{group + 1}", str(digit)
        elif char in _VALUE:
            found.append(char)
        else:
            raise ValueError("an address number has digits, hyphens and capital letters")
    return (*found, *[_FILL] * LENGTH)[:LENGTH]


def check(twenty: Sequence[str]) -> str:
    """The check symbol: with it the values of all symbols add up to a multiple of 19."""
    return _SYMBOLS[-sum(map(_VALUE.__getitem__, twenty)) % 19]


def bars(twenty: Sequence[str]) -> str:
    """The 67 bars from left to right: start, 20 symbols and their check symbol of three bars each, stop."""
    return _START + "".join(map(_BARS_OF.__getitem__, (*twenty, check(twenty)))) + _STOP


def read(drawn: str) -> tuple[str, ...]:
    """The 20 symbols that 67 bars say; ValueError when they are no barcode or its check symbol is wrong."""
    inner = drawn[len(_START) : -len(_STOP)]
    if len(drawn) != BARS or drawn[:2] != _START or drawn[-2:] != _STOP:
        raise ValueError("not the bars of a customer barcode")
    found = tuple(_SYMBOL_OF.get(inner[i : i + 3], "") for i in range(0, len(inner), 3))
    if "" in found or check(found[:LENGTH]) != found[LENGTH]:
        raise ValueError("not a customer barcode, or its check symbol is wrong")
    return found[:LENGTH]


def characters(twenty: Sequence[str]) -> str:
    """What symbols say to people: the postal code and the address number as far as it is in the barcode."""
    out, group = "", ""
    for symbol in twenty:
        if symbol in _LETTERS:
            group = symbol
        elif symbol != _FILL:
            out += chr(ord("A") + _LETTERS.index(group) * 10 + int(symbol)) if group else symbol
            group = ""
    return out


class Dimensions(NamedTuple):
    """Dots of the device: ``module`` is a bar's width and a space's, ``third`` a timing bar's height."""

    module: int
    third: int


# mm at 10 points: nominal, least, most (page 12). All grow with the points.
_WIDTH = (0.6, 0.50, 0.60)  # 0.50 to 0.70 for a bar, 0.45 to 0.60 for a space, 0.95 to 1.30 for both
_THIRD = (1.2, 3.40 / 3, 1.20)  # 1.05 to 1.35 for a timing bar, 3.40 to 3.60 for a long bar


def dimensions(points: float, dpi: int) -> Dimensions:
    """The whole dots nearest to the nominal size whose every length is within the tolerances.

    ValueError outside of 8 to 11.5 points, and where the device's grid is too coarse for the size.
    """
    if not LEAST_POINTS <= points <= MOST_POINTS:
        raise ValueError(f"a customer barcode is {LEAST_POINTS:g} to {MOST_POINTS:g} points")
    dot = 25.4 / dpi * 10 / points  # mm of one dot if the barcode were of 10 points
    return Dimensions(*(_dots(dot, *limits) for limits in (_WIDTH, _THIRD)))


def _dots(dot: float, nominal: float, least: float, most: float) -> int:
    near = round(nominal / dot)
    fitting = [n for n in (near, near - 1, near + 1) if least - 1e-9 <= n * dot <= most + 1e-9]
    if not fitting:
        raise ValueError("no whole number of dots is within the tolerances: another size in points, or a finer device")
    return fitting[0]
