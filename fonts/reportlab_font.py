"""A chain as a font that ReportLab accepts, for templates and for small documents.

ReportLab's own ``TTFont`` makes 256-glyph subsets and Japanese text hops between them. Here a
"subset" is a face of the chain and a code is a two-byte glyph number (Identity-H).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from reportlab.pdfbase import pdfdoc, pdfmetrics

from .chain import Chain
from .face import Face
from .pdf import font_objects

# Chains share their fallback face, and a face goes into a document once: so one table for all chains.
_USED: WeakKeyDictionary[Any, dict[Face, dict[int, str]]] = WeakKeyDictionary()


class ReportLabFont:
    """Implements the part of ReportLab's font interface that ``drawString`` and Platypus use."""

    _multiByte = 1  # noqa: N815 - ReportLab's name
    _dynamicFont = 1  # noqa: N815 - ReportLab's name
    shapable = False
    substitutionFonts: tuple[()] = ()  # noqa: N815 - ReportLab's name

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.fontName = chain.name
        self.face = _FaceInfo(chain)
        self.encoding = None

    def stringWidth(self, text: str, size: float, encoding: str = "utf8") -> float:  # noqa: N802, ARG002 - ReportLab's name
        return self.chain.width(text) * size / 1000

    def splitString(self, text: str, doc: Any) -> list[tuple[int, bytes]]:  # noqa: N802 - ReportLab's name
        """Stretches of ``text`` by place of the face in the chain."""
        drawn: set[str] = set()
        spans = self.chain.spans(text, drawn)
        used = _USED.setdefault(doc, {})
        for face, glyphs in self.chain.glyphs(drawn).items():
            used.setdefault(face, {}).update(glyphs)
        return [(self.chain.faces.index(s.face), bytes.fromhex(s.codes)) for s in spans]

    def getSubsetInternalName(self, subset: int, doc: Any) -> str:  # noqa: N802 - ReportLab's name
        if self.fontName not in doc.fontMapping:
            doc.fontMapping[self.fontName] = "/" + self.chain.faces[0].resource
            doc.delayedFonts.append(self)
        return "/" + self.chain.faces[subset].resource

    def addObjects(self, doc: Any) -> None:  # noqa: N802 - ReportLab's name
        """Write the used faces of all chains into a ReportLab document; the first call does it."""
        for face, glyphs in _USED.pop(doc, {}).items():
            made = font_objects(face, glyphs)
            file = _stream(made.file, {"Length1": len(face.subset(set(glyphs)))})
            names = [f"{part}-{face.resource}" for part in ("file", "descriptor", "descendant", "unicode")]
            doc.Reference(file, names[0])
            doc.Reference(_Raw(made.descriptor, (names[0],)), names[1])
            doc.Reference(_Raw(made.descendant, (names[1],)), names[2])
            doc.Reference(_stream(made.to_unicode, {}), names[3])
            font = _Raw(made.font, (names[2], names[3]))
            doc.idToObject["BasicFonts"].dict[face.resource] = doc.Reference(font, f"font-{face.resource}")


class _FaceInfo:
    """What ReportLab asks a font's face for: its name and its height."""

    def __init__(self, chain: Chain) -> None:
        ascent, descent, _ = chain.faces[0].metrics
        self.name = chain.name
        self.ascent, self.descent = ascent, descent


class _Raw(pdfdoc.PDFObject):  # type: ignore[misc]
    """A PDF object given as text with ``%d 0 R`` places for references."""

    def __init__(self, text: str, references: tuple[str, ...]) -> None:
        self.text, self.references = text, references

    def format(self, document: Any) -> bytes:
        text = self.text
        for name in self.references:
            number = pdfdoc.PDFObjectReference(name).format(document).split()[0].decode()
            text = text.replace("%d", number, 1)
        return text.encode("latin-1")


def _stream(packed: bytes, entries: dict[str, int]) -> Any:
    """A ReportLab stream whose content is deflated already."""
    stream = pdfdoc.PDFStream()
    stream.content = packed
    stream.filters = []
    stream.dictionary.dict["Filter"] = pdfdoc.PDFName("FlateDecode")
    for key, value in entries.items():
        stream.dictionary.dict[key] = value
    return stream


def drawn(doc: Any) -> Mapping[Face, Mapping[int, str]]:
    """What was drawn in a ReportLab document so far: by face its glyphs, with the text each stands for."""
    return _USED.get(doc, {})


def register(chains: dict[str, Chain]) -> None:
    """Make the chains known to ReportLab under their own names, for every document of this process."""
    for chain in chains.values():
        pdfmetrics._fonts.pop(chain.name, None)  # noqa: SLF001 - a second FontSet replaces the first
        pdfmetrics._dynFaceNames.pop(chain.name, None)  # noqa: SLF001 - there is no public way to replace one
        pdfmetrics.registerFont(ReportLabFont(chain))
