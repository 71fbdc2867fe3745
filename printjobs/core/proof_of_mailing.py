"""Proof of mailing: what became of each of a city's notices, for the city to hold against its own list.

A leaf says of one notice its envelope, its end and whether it was charged; charged is by count: the city's bill has
as many notices as were mailed (``pipeline/proving.settled``), and lists none by number. Instead of the number stands a
hash with the key of this run and city. The leaves of a batch are below one Merkle root, which the signed audit report
prints: no leaf can be changed, left out or doubled afterwards, once the roots have been compared with that report.

What is hidden, and from whom: the proof file has no name and no address, but it has the key, and numbers of ten digits
are soon tried one after the other. So whoever holds the file can find its numbers; it stays with the city, as a list of
numbers would. The roots alone, without the key, tell nothing about a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b, blake2s
from typing import NamedTuple

import msgspec

from . import merkle
from .model import PieceStatus

FORM = "printjobs-proof-1"
REJECTED = "rejected"  # the status of a notice that never became one
_SEPARATOR = "\x1f"
_ENDED = (PieceStatus.PULLED, REJECTED)  # not mailed, and rightly so


class Leaf(msgspec.Struct, frozen=True, gc=False):
    """One notice. ``name``: the keyed hash of its number; ``piece`` and ``generation`` are 0 without an envelope."""

    name: str
    piece: int
    generation: int
    status: str
    charged: int


class BatchProof(msgspec.Struct, frozen=True):
    """A city's notices of a batch in order of their names, and the root over them. ``batch`` is empty for no batch."""

    batch: str
    root: str
    leaves: tuple[Leaf, ...]


class Proof(msgspec.Struct, frozen=True):
    """The proof file of one run and city. ``key`` is hexadecimal."""

    form: str
    run: str
    city: str
    key: str
    batches: tuple[BatchProof, ...]


class Difference(NamedTuple):
    """Something that is not as it should be; ``number`` is empty where the city's list has none."""

    code: str
    number: str
    message: str


class Checked(NamedTuple):
    """What a city's list came to: its numbers by what became of them, and what differs.

    ``ends`` are how many of the list are ``mailed``, ``pulled`` and so on; ``explained`` the numbers that were not
    mailed and why.
    """

    listed: int
    ends: dict[str, int]
    explained: list[tuple[str, str]]
    differences: list[Difference]


def city_key(secret: bytes, run: str, city: str) -> bytes:
    """The key of a city's leaves of a run, derived from the operator's secret."""
    return blake2s(f"proof of mailing {run} {city}".encode(), key=blake2s(secret).digest()).digest()


def name_of(number: str, key: bytes) -> str:
    """What stands for a notice number."""
    return blake2b(number.encode(), key=key, digest_size=16).hexdigest()


def leaf_hash(batch: str, leaf: Leaf, key: bytes) -> bytes:
    said = _SEPARATOR.join((batch, leaf.name, str(leaf.piece), str(leaf.generation), leaf.status, str(leaf.charged)))
    return merkle.leaf_hash(blake2b(said.encode(), key=key, digest_size=32).digest())


def batch_proof(batch: str, leaves: Iterable[Leaf], key: bytes) -> BatchProof:
    """Leaves in any order under their root."""
    ordered = tuple(sorted(leaves, key=lambda leaf: (leaf.name, leaf.piece, leaf.generation)))
    return BatchProof(batch, _root(batch, ordered, key), ordered)


def _root(batch: str, leaves: Iterable[Leaf], key: bytes) -> str:
    return merkle.root([leaf_hash(batch, leaf, key) for leaf in leaves]).hex()


def check(proof: Proof, numbers: Iterable[str]) -> Checked:
    """Hold a proof against the city's own list of notice numbers; nothing else is asked."""
    key = bytes.fromhex(proof.key)
    places: dict[str, list[tuple[str, Leaf]]] = {}
    for batch in proof.batches:
        for leaf in batch.leaves:
            places.setdefault(leaf.name, []).append((batch.batch, leaf))
    listed = Counter(numbers)
    names = {name_of(number, key): number for number in listed}
    ends: Counter[str] = Counter()
    explained: list[tuple[str, str]] = []
    differences = list(_wrong_roots(proof, key))
    for name, number in names.items():
        if listed[number] > 1:
            differences.append(Difference("listed_twice", number, f"手元の一覧に{listed[number]}回あります。"))
        found = places.get(name, [])
        differences += _judged(number, found)
        for _, leaf in found[:1]:
            ends[leaf.status] += 1
            if leaf.status in _ENDED:
                explained.append((number, leaf.status))
    for name in places.keys() - names.keys():
        differences += [_extra(batch, leaf) for batch, leaf in places[name]]
    return Checked(listed.total(), dict(ends), sorted(explained), sorted(differences))


def _wrong_roots(proof: Proof, key: bytes) -> Iterator[Difference]:
    for batch in proof.batches:
        if _root(batch.batch, batch.leaves, key) != batch.root:
            message = f"{batch.batch or '封筒のない通知'}のルートが、並んでいる通知から計算したものと違います。"
            yield Difference("root", "", message)


def _judged(number: str, found: list[tuple[str, Leaf]]) -> Iterator[Difference]:
    """What is wrong with the places of one number."""
    if not found:
        yield Difference("missing", number, "証明にありません。")
    elif len(found) > 1:
        where = "、".join(f"{batch} 封筒{leaf.piece}" for batch, leaf in found)
        yield Difference("twice", number, f"証明に{len(found)}回あります（{where}）。")
    for batch, leaf in found:
        where = f"{batch} 封筒{leaf.piece}"
        if leaf.status == PieceStatus.MAILED and leaf.charged != 1:
            yield Difference("not_charged", number, f"差出し済みですが、請求は{leaf.charged}回です（{where}）。")
        elif leaf.status != PieceStatus.MAILED and leaf.charged:
            yield Difference("charged", number, f"差し出していないのに請求しています（{where}、{leaf.status}）。")
        if leaf.status not in (PieceStatus.MAILED, *_ENDED):
            yield Difference("not_mailed", number, f"差出し済みになっていません（{where}、{leaf.status}）。")


def _extra(batch: str, leaf: Leaf) -> Difference:
    where = f"{batch} 封筒{leaf.piece}" if batch else "封筒なし"
    return Difference("extra", "", f"手元の一覧にない通知が証明にあります（{where}、{leaf.status}）。")
