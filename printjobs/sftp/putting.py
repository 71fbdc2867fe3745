"""A report while it comes in: in a file without a name, which a connection that breaks leaves nothing of."""

from __future__ import annotations

from hashlib import sha256
from typing import BinaryIO

from printjobs.core.model import Refused


class Put:
    """An open report of a run; ``spoilt`` once something could not be written, so that it is never taken."""

    def __init__(self, run: str, name: str, source: BinaryIO, limit: int) -> None:
        self.run = run
        self.name = name
        self.source = source
        self.size = 0
        self.spoilt = False
        self._limit = limit
        self._digest = sha256()

    def write(self, offset: int, data: bytes) -> int:
        """Take what follows; :class:`Refused` for what does not, or is too much."""
        spoilt, self.spoilt = self.spoilt, True
        if spoilt or offset != self.size:
            raise Refused("報告は、はじめから順に書いてください。続きから送ることはできません。")
        if offset + len(data) > self._limit:
            raise Refused(f"報告が大きすぎます（上限 {self._limit:,}バイト）。行の切れ目で分けて送ってください。")
        self.source.write(data)
        self._digest.update(data)
        self.size += len(data)
        self.spoilt = False
        return len(data)

    @property
    def digest(self) -> str:
        """SHA-256 of what came."""
        return self._digest.hexdigest()

    def rewound(self) -> BinaryIO:
        self.source.seek(0)
        return self.source
