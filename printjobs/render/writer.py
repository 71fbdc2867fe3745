"""A small PDF writer that streams: pages go out as they are made, fonts and index at the end.

It writes the one shape a press wants (A4, one shared resource dictionary, forms and CID fonts
embedded once) with memory that does not grow with pages beyond eight bytes an object. ReportLab's
canvas holds every page until it saves; see docs/performance.md for the measurement.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

from deflate import zlib_compress

from fonts import Chain, Face
from fonts.pdf import DEFLATE_LEVEL, font_objects

A4 = (595.276, 841.89)  # pt
_KIDS = 64  # pages of one node of the page tree
_DEFLATED = "/Filter/FlateDecode"
_CATALOG, _PAGES, _RESOURCES, _INFO = 1, 2, 3, 4


class Sink(Protocol):
    """Where bytes go: a file, or a stored object being written."""

    def write(self, data: bytes, /) -> object: ...


class Ink:
    """Characters drawn so far, by chain: what the file must embed."""

    def __init__(self) -> None:
        self.used: dict[Chain, set[str]] = {}

    def of(self, chain: Chain) -> set[str]:
        return self.used.setdefault(chain, set())

    def add(self, other: Ink) -> None:
        for chain, characters in other.used.items():
            self.of(chain).update(characters)


class PdfWriter:
    """Write pages in order, then :meth:`close`. ``sha256``, ``size`` and ``pages`` tell what was written."""

    _info_entries, _page_entries = "", b""  # what a form of file adds to those dictionaries

    def __init__(self, sink: Sink, *, title: str, date: str) -> None:
        self._sink = sink
        self._hash = sha256()
        self.size = 0
        self.pages = 0
        self._offsets = array("Q", [0] * (_INFO + 1))
        self._kids: list[int] = []
        self._nodes: list[tuple[int, int]] = []  # object number, pages
        self._node = 0
        self._forms: dict[str, int] = {}
        self._shared: dict[str, int] = {}  # content streams by what they say
        self.ink = Ink()
        self._write(b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n")
        when = date.replace("-", "")
        text = title.encode("utf-16-be").hex().upper()
        self._object(
            _INFO,
            f"<</Title<FEFF{text}>/Producer(printjobs)/CreationDate(D:{when}000000+09'00')"
            f"{self._info_entries}>>".encode(),
        )

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def _write(self, data: bytes) -> None:
        self._sink.write(data)
        self._hash.update(data)
        self.size += len(data)

    def _reserve(self) -> int:
        self._offsets.append(0)
        return len(self._offsets) - 1

    def _object(self, number: int, body: bytes) -> None:
        self._offsets[number] = self.size
        self._write(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    def _stream(self, number: int, dictionary: str, data: bytes) -> None:
        self._offsets[number] = self.size
        head = f"{number} 0 obj\n<<{dictionary}/Length {len(data)}>>\nstream\n".encode("latin-1")
        self._write(b"%b%b\nendstream\nendobj\n" % (head, data))

    def add_form(self, name: str, code: str, ink: Ink) -> None:
        """A form XObject of the whole page that later page code calls by ``/name Do``."""
        if name in self._forms:
            return
        number = self._forms[name] = self._reserve()
        self.ink.add(ink)
        box = f"/Type/XObject/Subtype/Form/BBox[0 0 {A4[0]} {A4[1]}]/Resources {_RESOURCES} 0 R/Filter/FlateDecode"
        self._stream(number, box, bytes(zlib_compress(code.encode("latin-1"), DEFLATE_LEVEL)))

    def has_form(self, name: str) -> bool:
        return name in self._forms

    def add_page(self, code: str, size: tuple[float, float] = A4, *, shared: bool = False) -> None:
        """One page of finished page code; ``size`` in pt. ``shared``: other pages may have the very same code."""
        if len(self._kids) == _KIDS or not self._node:
            self._close_node()
            self._node = self._reserve()
        content = self._shared.get(code, 0) if shared else 0
        if not content:
            content = self._reserve()
            self._stream(content, _DEFLATED, bytes(zlib_compress(code.encode("latin-1"), DEFLATE_LEVEL)))
            if shared:
                self._shared[code] = content
        page = self._reserve()
        self._object(
            page,
            b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %b %b]/Resources %d 0 R/Contents %d 0 R%b>>"
            % (self._node, str(size[0]).encode(), str(size[1]).encode(), _RESOURCES, content, self._page_entries),
        )
        self._kids.append(page)
        self.pages += 1

    def begin_part(self, facts: Mapping[str, str | int]) -> None:
        """Pages from here on are one part of the document, of which ``facts`` are told where the form has parts."""

    def _catalog_entries(self) -> str:
        """What a form of file adds to the catalog; the objects behind that are written first."""
        return ""

    def _close_node(self) -> None:
        if self._kids:
            kids = " ".join(f"{k} 0 R" for k in self._kids)
            body = f"<</Type/Pages/Parent {_PAGES} 0 R/Count {len(self._kids)}/Kids[{kids}]>>"
            self._object(self._node, body.encode())
            self._nodes.append((self._node, len(self._kids)))
        self._kids = []

    def close(self) -> None:
        """Write fonts, resources, page tree and index. The same calls give the same bytes."""
        self._close_node()
        fonts = self._write_fonts()
        forms = "".join(f"/{name} {number} 0 R" for name, number in self._forms.items())
        self._object(_RESOURCES, f"<</Font<<{_entries(fonts)}>>/XObject<<{forms}>>>>".encode())
        kids = " ".join(f"{number} 0 R" for number, _ in self._nodes)
        self._object(_PAGES, f"<</Type/Pages/Count {self.pages}/Kids[{kids}]>>".encode())
        self._object(_CATALOG, f"<</Type/Catalog/Pages {_PAGES} 0 R{self._catalog_entries()}>>".encode())
        identity = self._hash.hexdigest()[:32].upper()
        start, count = self.size, len(self._offsets)
        self._write(f"xref\n0 {count}\n0000000000 65535 f \n".encode())
        for i in range(1, count, 10_000):
            self._write("".join(f"{o:010d} 00000 n \n" for o in self._offsets[i : i + 10_000]).encode())
        self._write(
            f"trailer\n<</Size {count}/Root {_CATALOG} 0 R/Info {_INFO} 0 R/ID[<{identity}><{identity}>]>>\n"
            f"startxref\n{start}\n%%EOF\n".encode()
        )

    def _write_fonts(self) -> dict[str, int]:
        """Each used face once; the glyphs of all chains that share it together."""
        glyphs: dict[Face, dict[int, str]] = {}
        for chain in sorted(self.ink.used, key=lambda c: c.name):
            for face, own in chain.glyphs(self.ink.used[chain]).items():
                glyphs.setdefault(face, {}).update(own)
        numbers: dict[str, int] = {}
        for face in sorted(glyphs, key=lambda f: f.resource):
            made = font_objects(face, glyphs[face])
            font, descendant, descriptor, file, unicode = (self._reserve() for _ in range(5))
            self._stream(file, made.file_entries, made.file)
            self._stream(unicode, "/Filter/FlateDecode", made.to_unicode)
            self._object(descriptor, (made.descriptor % file).encode())
            self._object(descendant, (made.descendant % descriptor).encode())
            self._object(font, (made.font % (descendant, unicode)).encode())
            numbers[face.resource] = font
        return numbers


def _entries(numbers: Mapping[str, int]) -> str:
    return "".join(f"/{name} {number} 0 R" for name, number in numbers.items())
