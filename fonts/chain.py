"""A chain of faces: text in, page code out. The first face that has a glyph draws it."""

from __future__ import annotations

from typing import NamedTuple

from .face import Face, is_mark, is_selector


class Span(NamedTuple):
    """A stretch of text in one face: two-byte glyph ids in hex, width in thousandths of an em."""

    face: Face
    codes: str
    width: float


def clusters(text: str) -> list[str]:
    """Characters, each with the variation selector and the combining marks that follow it.

    A selector that does not follow a character stands alone, where no face has a glyph for it.
    """
    found: list[str] = []
    for char in text:
        if found and (is_mark(char) or (is_selector(char) and len(found[-1]) == 1)):
            found[-1] += char
        else:
            found.append(char)
    return found


class Chain:
    """Faces in order of preference under one name (``mincho``)."""

    def __init__(self, name: str, faces: tuple[Face, ...]) -> None:
        self.name = name
        self.faces = faces
        self._codes: dict[str, str] = {}  # first face only: the fast path
        self._widths: dict[str, float] = {}
        self._clusters: dict[str, tuple[Face, int] | None] = {}

    def find(self, cluster: str) -> tuple[Face, int] | None:
        """The face and glyph that draw a cluster; None when no face has it. Nothing is substituted."""
        if cluster not in self._clusters:
            self._clusters[cluster] = next(
                ((face, gid) for face in self.faces if (gid := face.glyph(cluster)) is not None), None
            )
            found = self._clusters[cluster]
            if found and found[0] is self.faces[0] and len(cluster) == 1:
                self._codes[cluster] = f"{found[1]:04X}"
                self._widths[cluster] = found[0].advance(found[1])
        return self._clusters[cluster]

    def missing(self, text: str) -> list[str]:
        """Clusters of ``text`` that no face can draw, in order."""
        if self._codes.keys() >= set(text):
            return []
        return [c for c in clusters(text) if self.find(c) is None]

    def width(self, text: str) -> float:
        """Width in thousandths of an em; KeyError for a cluster without a glyph."""
        try:
            return sum(map(self._widths.__getitem__, text))
        except KeyError:
            return sum(face.advance(gid) for face, gid in map(self._require, clusters(text)))

    def plain(self, text: str, used: set[str]) -> str:
        """Glyph ids of a text that the first face draws alone, in hex; empty for one that it does not."""
        try:
            codes = "".join(map(self._codes.__getitem__, text))
        except KeyError:
            return ""
        used.update(text)
        return codes

    def spans(self, text: str, used: set[str]) -> list[Span]:
        """Page code of ``text``, one span per change of face; what it drew is added to ``used``.

        KeyError (with code points, never the text) for a cluster without a glyph.
        """
        try:
            codes = "".join(map(self._codes.__getitem__, text))
        except KeyError:
            return self._mixed_spans(text, used)
        used.update(text)
        return [Span(self.faces[0], codes, sum(map(self._widths.__getitem__, text)))]

    def _mixed_spans(self, text: str, used: set[str]) -> list[Span]:
        spans: list[Span] = []
        drawn = clusters(text)
        used.update(drawn)
        for face, gid in map(self._require, drawn):
            if spans and spans[-1].face is face:
                last = spans.pop()
                spans.append(Span(face, f"{last.codes}{gid:04X}", last.width + face.advance(gid)))
            else:
                spans.append(Span(face, f"{gid:04X}", face.advance(gid)))
        return spans

    def _require(self, cluster: str) -> tuple[Face, int]:
        found = self.find(cluster)
        if found is None:
            raise KeyError(" ".join(f"U+{ord(c):04X}" for c in cluster))
        return found

    def glyphs(self, characters: set[str]) -> dict[Face, dict[int, str]]:
        """The glyphs behind a set of clusters, by face, with the text each stands for."""
        by_face: dict[Face, dict[int, str]] = {}
        for cluster in sorted(characters):
            face, gid = self._require(cluster)
            by_face.setdefault(face, {}).setdefault(gid, cluster)
        return by_face
