"""The forms of print file that a press may ask for beside plain PDF, written in the same one pass.

PDF/X-4 says on what the file is to be printed (output intent), where the paper ends (TrimBox) and what the file is
(XMP). PDF/VT-1 adds which pages are one envelope (document parts). Sources: ISO 15930-7, ISO 16612-2 and ISO 32000-2
(14.11.5, 14.12) as public descriptions of them tell; we check the structure and claim no certificate.

Nothing here may pass through another program on its way to the press: pypdf, qpdf (``--pages``), mutool and
Ghostscript write the file again without its parts, and qpdf takes hours to linearise it.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping

from deflate import zlib_compress

from fonts.pdf import DEFLATE_LEVEL
from printjobs import reference

from . import xmp
from .icc import grey
from .writer import A4, PdfWriter, Sink

Facts = Mapping[str, str | int]
_TRIM_BOX = f"/TrimBox[0 0 {A4[0]} {A4[1]}]".encode()


def print_writer(form: str, sink: Sink, *, title: str, date: str, facts: Facts) -> PdfWriter:
    """The writer of a form of print file (vendor profile, ``file_form``); ``facts`` are told of the whole file."""
    if form == "pdf":
        return PdfWriter(sink, title=title, date=date)
    if form == "pdfx4":
        return PdfX4Writer(sink, title=title, date=date)
    return PdfVt1Writer(sink, title=title, date=date, facts=facts)


class PdfX4Writer(PdfWriter):
    """Writes A4 pages as PDF/X-4 for the vendor's output profile, or for black ink only."""

    _page_entries = _TRIM_BOX

    def __init__(self, sink: Sink, *, title: str, date: str) -> None:
        self._title, self._date = title, date
        # XMP alone makes a PDF/X-4; poppler's pdfinfo looks for the name here.
        self._info_entries = (
            f"/ModDate(D:{date.replace('-', '')}000000+09'00')/Creator({xmp.PRODUCER})/Trapped/False"
            "/GTS_PDFXVersion(PDF/X-4)"
        )
        super().__init__(sink, title=title, date=date)

    def _claims(self) -> dict[str, str]:
        return {"pdfxid:GTS_PDFXVersion": "PDF/X-4"}

    def _catalog_entries(self) -> str:
        output = reference.output_profile() or grey()
        profile, intent, metadata = (self._reserve() for _ in range(3))
        packed = bytes(zlib_compress(output.data, DEFLATE_LEVEL))
        self._stream(profile, f"/N {output.channels}/Filter/FlateDecode", packed)
        name = _text(output.name)
        self._object(
            intent,
            f"<</Type/OutputIntent/S/GTS_PDFX/OutputConditionIdentifier{name}/OutputCondition{name}/Info{name}"
            f"/DestOutputProfile {profile} 0 R>>".encode(),
        )
        packet = xmp.packet(self._title, self._date, self.sha256, self._claims())
        self._stream(metadata, "/Type/Metadata/Subtype/XML", packet)
        return f"/Metadata {metadata} 0 R/OutputIntents[{intent} 0 R]"


class PdfVt1Writer(PdfX4Writer):
    """Writes PDF/VT-1: each part that is begun is a leaf of the document parts, with its facts and its pages.

    A leaf is written when its part ends; of the parts before only their object numbers are kept.
    """

    def __init__(self, sink: Sink, *, title: str, date: str, facts: Facts) -> None:
        super().__init__(sink, title=title, date=date)
        self._root, self._parts = self._reserve(), self._reserve()
        self._file_facts = facts
        self._leaves = array("Q")
        self._leaf, self._told, self._first = 0, "", 0  # of the part that is open

    def begin_part(self, facts: Facts) -> None:
        self._end_part()
        self._leaf, self._told = self._reserve(), _dictionary(facts)
        self._page_entries = b"%b/DPart %d 0 R" % (_TRIM_BOX, self._leaf)

    def add_page(self, code: str, size: tuple[float, float] = A4, *, shared: bool = False) -> None:
        assert self._leaf, "a page before the first part"
        super().add_page(code, size, shared=shared)
        self._first = self._first or self._kids[-1]
        self._last = self._kids[-1]

    def _end_part(self) -> None:
        if self._leaf:
            assert self._first, "a part without a page"
            end = f"/End {self._last} 0 R" if self._last != self._first else ""
            pages = f"/Start {self._first} 0 R{end}"
            self._object(self._leaf, f"<</Type/DPart/Parent {self._parts} 0 R{pages}/DPM{self._told}>>".encode())
            self._leaves.append(self._leaf)
        self._leaf = self._first = 0

    def _claims(self) -> dict[str, str]:
        vt = {"pdfvtid:GTS_PDFVTVersion": "PDF/VT-1", "pdfvtid:GTS_PDFVTModDate": xmp.moment(self._date)}
        return super()._claims() | vt

    def _catalog_entries(self) -> str:
        leaves = " ".join(f"{leaf} 0 R" for leaf in self._leaves)
        self._object(
            self._parts,
            f"<</Type/DPart/Parent {self._root} 0 R/DParts[[{leaves}]]/DPM{_dictionary(self._file_facts)}>>".encode(),
        )
        self._object(
            self._root,
            f"<</Type/DPartRoot/DPartRootNode {self._parts} 0 R/RecordLevel 1/NodeNameList[/File/Part]>>".encode(),
        )
        return f"{super()._catalog_entries()}/DPartRoot {self._root} 0 R"

    def close(self) -> None:
        self._end_part()
        super().close()


def _dictionary(facts: Facts) -> str:
    """Facts as a dictionary of metadata: texts and whole numbers, never names or nulls."""
    entries = (f"/{key}{_text(fact)}" if isinstance(fact, str) else f"/{key} {fact}" for key, fact in facts.items())
    return f"<<{''.join(entries)}>>"


def _text(text: str) -> str:
    """A text string; plain where a person can read it in the file."""
    if text.isascii() and text.isprintable() and not set(text) & set("()\\"):
        return f"({text})"
    return f"<FEFF{text.encode('utf-16-be').hex().upper()}>"
