"""A Merkle tree in the shape of RFC 6962, section 2.1: one hash that stands for any number of leaves in their order."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

_LEAF, _NODE = b"\x00", b"\x01"  # so that no inner node can be passed off as a leaf


def leaf_hash(data: bytes) -> bytes:
    return sha256(_LEAF + data).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes; that of no leaves is the hash of nothing."""
    level = list(hashes)
    while len(level) > 1:  # the last one of an odd number goes up as it is
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [*(_node(left, right) for left, right in pairs), *level[len(level) & ~1 :]]
    return level[0] if level else sha256().digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()
