"""A finished print file, ways to damage it, and what reading it back says to that.

Places are told by the labels of the golden file: ``短い 3枚目`` is the third sheet of the notice of that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, cast

import pikepdf

from printjobs.pipeline.reading_back import Wants, job_of
from printjobs.preflight import PreflightError, contents, structure
from printjobs.preflight.wanted import Job, Piece
from printjobs.render.compiled import CompiledLayout
from printjobs.render.printfile import FileJob, FilePiece
from tests.golden import notices

Code = Callable[[bytes], bytes]
Damage = Callable[["Opened"], None]
Damages = dict[str, tuple[Damage, str]]  # by name: what is done, and the sheet that must be told of it

MM = 72 / 25.4
ANYWHERE = ""
COVER, DETAIL, SLIPS, LAST = "短い 1枚目", "短い 2枚目", "短い 3枚目", "最後 2枚目"
ROWS, LONG, SHARED = "普通 2枚目", "60行の明細 2枚目", "共有者 1枚目"
FIRST, SECTION, ABROAD = "区分票 525", "区分票 523", "区分票 外国"
KUSATSU, HACHIMAN = "252069", "252042"
SHEETS = notices.planned(notices.compiled())

IMAGE = re.compile(rb"q [^\n]+ cm\nBI/W (\d+)/H \d+/IM [^\n]+\nID ([0-9A-F]+)>\nEI Q\n")
SHEET, CUSTOMER, EL_QR, GS1 = 25, 133, 41, 288  # modules across
PER_SHEET = 2


class Wanted(NamedTuple):
    """What a file is compared with."""

    job: Job
    pieces: list[Piece]
    form: str

    @classmethod
    def of(cls, layout: CompiledLayout, job: FileJob, pieces: Iterable[FilePiece], sample: int = 0) -> Wanted:
        """``sample`` as in ``Wants``; 0 for no pixels at all, which are looked at by ``test_pixels``."""
        made = Wants(layout, job, sample).pieces(pieces, 1, 1)
        found = [piece._replace(sampled=piece.sampled and sample > 0) for piece in made]
        return cls(job_of(layout, 2026), found, job.form)

    def read_back(self, path: Path) -> int:
        """As the check step does it."""
        structure.check(path, self.form, PER_SHEET)
        return contents.check(path, self.job, self.pieces)

    def refusal(self, path: Path) -> str:
        """What the file is refused with; empty for a file that passes."""
        try:
            self.read_back(path)
        except PreflightError as refused:
            return str(refused)
        return ""


class Opened(NamedTuple):
    """A print file open for damage. ``labels``: its sheets in order, to find a page by."""

    pdf: pikepdf.Pdf
    labels: list[str]

    def number(self, where: str) -> int:
        """The place of a page: a sheet's label, with ``裏`` behind it for its back."""
        label = where.removesuffix(" 裏")
        return PER_SHEET * self.labels.index(label) + (label != where)

    def page(self, where: str) -> Any:
        return self.pdf.pages[self.number(where)].obj

    def code(self, where: str) -> bytes:
        return cast("bytes", self.page(where).Contents.read_bytes())

    def recode(self, where: str, change: Code) -> None:
        """One page gets page code of its own."""
        after = change(self.code(where))
        assert after != self.code(where), "the damage changed nothing"
        self.page(where).Contents = self.pdf.make_stream(after)

    @property
    def resources(self) -> Any:
        return self.pdf.pages[0].obj.Resources

    def reform(self, name: str, change: Code) -> None:
        form = self.resources.XObject[f"/{name}"]
        before = form.read_bytes()
        assert change(before) != before, "the damage changed nothing"
        form.write(change(before))

    def font(self, name: str) -> Any:
        """A face by the end of its name, as ``Mincho-Regular``."""
        return next(font for font in self.resources.Font.values() if str(font.BaseFont).endswith(name))


def tampered(good: Path, labels: list[str], damage: Damage, folder: Path) -> Path:
    """The good file with something done to it, in a folder of its own."""
    path = folder / good.name
    with pikepdf.open(good) as pdf:
        damage(Opened(pdf, labels))
        pdf.save(path)
    return path


# --- damages to page code ------------------------------------------------------------------------------------------


def on(where: str, *changes: Code) -> Damage:
    def damage(file: Opened) -> None:
        for change in changes:
            file.recode(where, change)

    return damage


def in_form(name: str, *changes: Code) -> Damage:
    def damage(file: Opened) -> None:
        for change in changes:
            file.reform(name, change)

    return damage


def replaced(old: str, new: str, nth: int = 0) -> Code:
    """The nth place where ``old`` stands is ``new``."""

    def change(code: bytes) -> bytes:
        parts = code.split(old.encode())
        assert len(parts) > nth + 1, f"{old} stands {len(parts) - 1} times"
        return old.encode().join(parts[: nth + 1]) + new.encode() + old.encode().join(parts[nth + 1 :])

    return change


def behind(code: str) -> Code:
    """Something drawn after everything but the sheet mark, which is the last image."""

    def change(before: bytes) -> bytes:
        at = [found.start() for found in IMAGE.finditer(before)][-1]
        return before[:at] + code.encode() + before[at:]

    return change


def resub(pattern: str, by: str, count: int = 1) -> Code:
    return lambda code: re.sub(pattern.encode(), by.encode(), code, count=count, flags=re.DOTALL)


def symbols(code: bytes, width: int) -> list[re.Match[bytes]]:
    return [found for found in IMAGE.finditer(code) if int(found[1]) == width]


def swapped_symbols(*widths: int) -> Code:
    """The first two symbols of each of some kinds, in each other's place."""

    def change(code: bytes) -> bytes:
        for width in widths:
            one, other = symbols(code, width)[:2]
            code = code.replace(one[2], b"?").replace(other[2], one[2]).replace(b"?", other[2])
        return code

    return change


def changed_symbol(width: int, change: Callable[[bytes], bytes], nth: int = 0) -> Code:
    """One symbol's page code, changed."""

    def changed(code: bytes) -> bytes:
        before = symbols(code, width)[nth][0]
        return code.replace(before, change(before))

    return changed


def placed(width: int, change: Callable[[list[float]], list[float]]) -> Code:
    """A symbol's matrix changed: a, b, c, d, x, y in pt."""

    def moved(image: bytes) -> bytes:
        matrix, _, rest = image.removeprefix(b"q ").partition(b" cm")
        return b"q " + b" ".join(b"%g" % v for v in change(list(map(float, matrix.split())))) + b" cm" + rest

    return changed_symbol(width, moved)


def bits(width: int, change: Callable[[list[str]], list[str]], nth: int = 0) -> Code:
    """A symbol's rows of modules changed; each is a string of 0 and 1."""

    def redrawn(image: bytes) -> bytes:
        (found,) = IMAGE.finditer(image)
        data, length = bytes.fromhex(found[2].decode()), (width + 7) // 8
        rows = [f"{int.from_bytes(data[i : i + length]):0{8 * length}b}"[:width] for i in range(0, len(data), length)]
        packed = b"".join(int(row.ljust(8 * length, "0"), 2).to_bytes(length) for row in change(rows))
        return image.replace(found[2], packed.hex().upper().encode())

    return changed_symbol(width, redrawn, nth)


def drop(*wheres: str) -> Damage:
    def damage(file: Opened) -> None:
        for number in sorted((file.number(where) for where in wheres), reverse=True):
            del file.pdf.pages[number]

    return damage


def both(where: str) -> tuple[str, str]:
    return where, f"{where} 裏"


def exchange(one: str, other: str) -> Damage:
    """Two pages as they are, each in the other's place."""

    def damage(file: Opened) -> None:
        first, second = file.page(one), file.page(other)
        first.Contents, second.Contents = second.Contents, first.Contents

    return damage


def exchange_below_the_marks(one: str, other: str) -> Damage:
    """What is on two fronts in each other's place, each below the sheet mark that belongs there."""

    def damage(file: Opened) -> None:
        (first, mark), (second, other_mark) = (parted(file.code(where)) for where in (one, other))
        file.recode(one, lambda _: second + mark)
        file.recode(other, lambda _: first + other_mark)

    return damage


def parted(code: bytes) -> tuple[bytes, bytes]:
    at = symbols(code, SHEET)[-1].start()
    return code[:at], code[at:]


def insert(at: str, *copied: str) -> Damage:
    def damage(file: Opened) -> None:
        number = len(file.pdf.pages) if at == ANYWHERE else file.number(at)
        for where in reversed(copied):
            file.pdf.pages.insert(number, file.pdf.pages[file.number(where)])

    return damage
