"""Faces, glyph coverage and how they go into a PDF.

The three faces shipped here are BIZ UD Mincho and Gothic (SIL OFL 1.1, ``OFL.txt``; origin and
SHA-256 in ``README.md``). A further face, usually IPAmj Mincho, is asked only for characters
that those lack.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from .chain import Chain, Span, clusters
from .face import Face, is_selector

__all__ = ["Chain", "Face", "FontSet", "Span", "clusters", "is_selector"]

_HERE = Path(__file__).parent


class FontSet:
    """The chains a layout may name: ``mincho``, ``gothic`` and ``gothic-bold``."""

    def __init__(self, extra: Path | None = None) -> None:
        names = {"mincho": "BIZUDMincho-Regular", "gothic": "BIZUDGothic-Regular", "gothic-bold": "BIZUDGothic-Bold"}
        own = [Face(f"F{i}", name, _HERE / f"{name}.ttf") for i, name in enumerate(names.values())]
        fallback = [Face(f"F{len(own)}", extra.stem, extra)] if extra else []
        self.faces = (*own, *fallback)
        self.chains = {key: Chain(key, (face, *fallback)) for key, face in zip(names, own, strict=True)}

    @property
    def sha256(self) -> str:
        """One digest over all faces: what a run is pinned to, so that every worker draws the same."""
        return sha256("".join(f"{f.name} {f.sha256}\n" for f in self.faces).encode()).hexdigest()
