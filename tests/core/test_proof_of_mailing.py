"""A proof of mailing tells whatever was changed, left out, doubled or swapped in it, and nothing of whose it is."""

from __future__ import annotations

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core import merkle
from printjobs.core.proof_of_mailing import (
    FORM,
    BatchProof,
    Checked,
    Leaf,
    Proof,
    batch_proof,
    check,
    city_key,
    name_of,
)

KEY = city_key(b"a secret", "property_tax-2026", "252069")
COUNTS = st.integers(0, 40)


def number(place: int) -> str:
    return f"26{place:08d}"


def leaf(place: int, status: str = "mailed", charged: int = 1, piece: int = 0) -> Leaf:
    return Leaf(name_of(number(place), KEY), piece or place + 1, 1, status, charged)


def proof(*sizes: int) -> Proof:
    """Batches of these many notices, all mailed and charged."""
    batches, first = [], 0
    for i, size in enumerate(sizes, start=1):
        batches.append(batch_proof(f"B{i:03d}", [leaf(n) for n in range(first, first + size)], KEY))
        first += size
    return Proof(FORM, "property_tax-2026", "252069", KEY.hex(), tuple(batches))


def listed(of: Proof) -> list[str]:
    return [number(n) for n in range(sum(len(b.leaves) for b in of.batches))]


def codes(found: Checked) -> set[str]:
    return {d.code for d in found.differences}


def with_leaves(of: Proof, batch: int, leaves: list[Leaf], *, sealed: bool) -> Proof:
    """With other leaves in a batch; ``sealed``: by somebody who has the key and makes the root fit."""
    old = of.batches[batch]
    new = batch_proof(old.batch, leaves, KEY) if sealed else BatchProof(old.batch, old.root, tuple(leaves))
    return msgspec.structs.replace(of, batches=(*of.batches[:batch], new, *of.batches[batch + 1 :]))


# The tree


def test_the_tree_is_that_of_rfc_6962() -> None:
    # The roots that the reference implementation of Certificate Transparency is tested with.
    inputs = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ]  # fmt: skip
    hashes = [merkle.leaf_hash(bytes.fromhex(data)) for data in inputs]
    assert merkle.root([]).hex() == sha256().hexdigest()
    assert merkle.root(hashes[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(hashes[:3]).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    assert merkle.root(hashes[:7]).hex() == "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
    assert merkle.root(hashes).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.lists(st.binary(max_size=3), max_size=20), st.lists(st.binary(max_size=3), max_size=20))
def test_other_leaves_or_another_order_have_another_root(one: list[bytes], other: list[bytes]) -> None:
    roots = [merkle.root([merkle.leaf_hash(data) for data in leaves]) for leaves in (one, other)]
    assert (roots[0] == roots[1]) == (one == other)


# The check


@given(COUNTS, COUNTS)
def test_a_sound_proof_fits_the_citys_own_list_in_any_order(one: int, other: int) -> None:
    whole = proof(one, other)
    found = check(whole, reversed(listed(whole)))
    assert found == Checked(one + other, {"mailed": one + other} if one + other else {}, [], [])


@given(st.data())
def test_a_leaf_that_was_changed_is_seen_by_its_root(data: st.DataObject) -> None:
    whole = proof(3, data.draw(st.integers(1, 20)))
    leaves = list(whole.batches[1].leaves)
    place = data.draw(st.integers(0, len(leaves) - 1))
    changes: dict[str, object] = {
        "name": "0" * 32, "piece": 999, "generation": 2, "status": "pulled", "charged": 2,
    }  # fmt: skip
    field = data.draw(st.sampled_from(sorted(changes)))
    leaves[place] = msgspec.structs.replace(leaves[place], **{field: changes[field]})
    assert "root" in codes(check(with_leaves(whole, 1, leaves, sealed=False), listed(whole)))


@given(st.integers(2, 20), st.data())
def test_what_is_left_out_doubled_or_swapped_is_seen_even_under_a_root_made_to_fit(
    many: int, data: st.DataObject
) -> None:
    whole = proof(2, many)
    leaves, place = list(whole.batches[1].leaves), data.draw(st.integers(0, many - 1))
    told = number(2 + next(n for n in range(many) if leaves[place].name == name_of(number(2 + n), KEY)))
    without, doubled = leaves[:place] + leaves[place + 1 :], [*leaves, leaves[place]]
    swapped = [*without, leaf(999)]
    for changed, wanted in ((without, {"missing"}), (doubled, {"twice"}), (swapped, {"missing", "extra"})):
        for sealed in (True, False):
            found = check(with_leaves(whole, 1, changed, sealed=sealed), listed(whole))
            assert codes(found) == wanted | (set() if sealed else {"root"})
            assert {d.number for d in found.differences} <= {told, ""}
    found = check(with_leaves(whole, 1, leaves[::-1], sealed=False), listed(whole))
    assert codes(found) == {"root"}


@given(st.integers(1, 20))
def test_a_notice_in_two_batches_is_seen(many: int) -> None:
    whole = proof(many, 1)
    again = with_leaves(whole, 1, [*whole.batches[1].leaves, whole.batches[0].leaves[0]], sealed=True)
    assert codes(check(again, listed(whole))) == {"twice"}


@pytest.mark.parametrize(
    ("status", "charged", "wanted"),
    [
        ("mailed", 1, set()), ("mailed", 0, {"not_charged"}), ("mailed", 2, {"not_charged"}),
        ("pulled", 0, set()), ("rejected", 0, set()), ("pulled", 1, {"charged"}), ("rejected", 1, {"charged"}),
        ("released", 0, {"not_mailed"}), ("spoiled", 0, {"not_mailed"}), ("anything", 1, {"charged", "not_mailed"}),
    ],
)  # fmt: skip
def test_each_notice_is_mailed_and_charged_once_or_it_is_told_why_not(
    status: str, charged: int, wanted: set[str]
) -> None:
    whole = with_leaves(proof(2), 0, [leaf(0), leaf(1, status, charged)], sealed=True)
    found = check(whole, listed(whole))
    assert codes(found) == wanted
    assert found.explained == ([(number(1), status)] if status in ("pulled", "rejected") else [])
    assert all(d.number == number(1) for d in found.differences)


def test_the_citys_own_list_may_have_too_much_too_little_or_a_number_twice() -> None:
    whole = proof(3)
    assert codes(check(whole, [*listed(whole), number(77)])) == {"missing"}
    assert codes(check(whole, listed(whole)[:-1])) == {"extra"}
    assert codes(check(whole, [*listed(whole), number(0)])) == {"listed_twice"}


def test_without_the_key_the_proof_says_nothing_of_a_number() -> None:
    whole = proof(5)
    said = msgspec.json.encode(whole).decode()
    assert not any(n in said for n in listed(whole))
    other = city_key(b"a secret", "property_tax-2026", "252077")
    assert (
        len({name_of(number(0), key) for key in (KEY, other, city_key(b"another", "property_tax-2026", "252069"))}) == 3
    )
