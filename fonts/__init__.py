"""Faces, glyph coverage and how they go into a PDF.

The faces shipped here are BIZ UD Mincho and Gothic (SIL OFL 1.1, ``OFL.txt``), and OCR-B for the lines that
banks read; origin and SHA-256 in ``README.md``. IPAmj Mincho is asked only for characters and variations that
BIZ UD lacks, and the council's own gaiji font after it; only that one is asked for private-use characters.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from pathlib import Path

from .chain import Chain, Span, clusters
from .face import Face, FontError, further_face, is_mark, is_private, is_selector
from .mj import MojiJoho

__all__ = [
    "Chain", "Face", "FontError", "FontSet", "MojiJoho", "Span", "clusters", "is_mark", "is_private", "is_selector",
]  # fmt: skip

_HERE = Path(__file__).parent


class FontSet:
    """The chains a layout may name: ``mincho``, ``gothic``, ``gothic-bold``, and ``ocr-b`` for what a reader reads."""

    def __init__(self, mj: Path | None = None, gaiji: Path | None = None) -> None:
        """``mj``: IPAmj Mincho. ``gaiji``: the council's own gaiji font. :class:`FontError` for what is no font."""
        names = {"mincho": "BIZUDMincho-Regular", "gothic": "BIZUDGothic-Regular", "gothic-bold": "BIZUDGothic-Bold"}
        own = [Face(f"F{i}", name, _HERE / f"{name}.ttf") for i, name in enumerate(names.values())]
        self.mj = further_face(f"F{len(own)}", mj) if mj else None
        self.gaiji = further_face(f"F{len(own) + 1}", gaiji, private=True) if gaiji else None
        further = [face for face in (self.mj, self.gaiji) if face]
        ocr = Face("OCR", "OCRB-Regular", _HERE / "OCRB-Regular.ttf")
        self.faces = (*own, *further, ocr)
        self.chains = {key: Chain(key, (face, *further)) for key, face in zip(names, own, strict=True)}
        self.chains["ocr-b"] = Chain("ocr-b", (ocr,))  # a machine reads no other face: what it lacks is a fault

    @cached_property
    def mj_names(self) -> MojiJoho | None:
        """MJ glyph names, when the face for them is here and has them."""
        names = MojiJoho(self.mj) if self.mj else None
        return names if names and names.knows("MJ000001") else None

    @property
    def sha256(self) -> str:
        """One digest over all faces: what a run is pinned to, so that every worker draws the same."""
        return sha256("".join(f"{f.name} {f.sha256}\n" for f in self.faces).encode()).hexdigest()
