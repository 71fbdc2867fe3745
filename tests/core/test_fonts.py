"""Which face draws what: never a base for its variation, never one maker's private-use character for another's."""

from __future__ import annotations

from pathlib import Path

import pytest
import uharfbuzz as hb
from hypothesis import given
from hypothesis import strategies as st

from fonts import Face, FontError, FontSet, clusters, is_private, is_selector
from fonts.face import is_mark
from printjobs.settings import Settings
from tests.fontfile import write_font, write_postscript_font

MINCHO = FontSet().chains["mincho"]
OWN = {"\ue001": 1000, "\ue002": 800, "\U000f0001": 1000, "\ue003": 1200, "髙": 500}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_font(tmp_path_factory.mktemp("fonts") / "EUDC.tte", OWN)


@pytest.fixture(scope="module")
def council(own: Path) -> FontSet:
    """All faces that a council may have; IPAmj Mincho where it is installed."""
    return FontSet(Settings(mj_font="").mj_face(), own)


# Clusters


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("辻\U000e0100田", ["辻\U000e0100", "田"]),
        ("辻\U000e0100\U000e0101", ["辻\U000e0100", "\U000e0101"]),
        ("\U000e0100辻", ["\U000e0100", "辻"]),
        ("か\u3099き", ["か\u3099", "き"]),
        ("e\u0323\u0301", ["e\u0323\u0301"]),
        ("辻\U000e0100\u3099", ["辻\U000e0100\u3099"]),
        ("か\u3099\U000e0100", ["か\u3099", "\U000e0100"]),
        ("\u3099か", ["\u3099", "か"]),
    ],
    ids=ascii,
)
def test_a_cluster_is_a_character_with_what_belongs_to_it(text: str, parts: list[str]) -> None:
    assert clusters(text) == parts


@given(st.text())
def test_clusters_are_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text


# What is drawn


@pytest.mark.parametrize(
    ("cluster", "as_one"),
    [("か\u3099", "が"), ("ハ\u309a", "パ"), ("e\u0301", "é")],
    ids=ascii,
)
def test_a_combining_mark_is_drawn_as_the_one_character_that_it_makes(cluster: str, as_one: str) -> None:
    """BIZ UD has ゙ as a glyph a full em wide: か゛ in two boxes is not が."""
    assert MINCHO.find(cluster) == MINCHO.find(as_one)
    assert MINCHO.width(cluster) == MINCHO.width(as_one)
    used = set[str]()
    (span,) = MINCHO.spans(f"見{cluster}本", used)
    assert len(span.codes) == 3 * 4
    assert cluster in used


@pytest.mark.parametrize(
    "cluster",
    [
        "か\u309a",  # か゚: no one character
        "\u3099", "\u0301", "\U000e0100", "\ufe00",  # alone
        "辻\U000e01ef",  # a variation that nobody has
        "辻\U000e0100\u3099",
        "\u00ad", "\u200b", "\ufeff", "\n",  # what nobody sees elsewhere
        "\ue001", "\uf860", "\U000f0001",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_cannot_be_drawn_right_is_missing(cluster: str) -> None:
    assert MINCHO.missing(cluster) != []
    with pytest.raises(KeyError):
        MINCHO.spans(f"見本。{cluster}", set())


def test_a_mark_on_nothing_is_missing_even_after_its_letter_was_drawn() -> None:
    assert MINCHO.missing("か\u3099か") == []
    assert MINCHO.missing("か\u309a") == ["か\u309a"]
    with pytest.raises(KeyError):
        MINCHO.spans("か\u309a", set())


def test_a_variation_that_the_first_face_lacks_goes_to_the_next_and_is_never_the_bare_base() -> None:
    path = Settings(mj_font="").mj_face()
    if path is None:
        pytest.skip("IPAmj Mincho is not installed")
    chain = FontSet(path).chains["mincho"]
    first, mj = chain.faces
    for base, selectors in (("葛", range(0xE0100, 0xE0109)), ("邉", range(0xE0100, 0xE0120))):
        bare = {chain.find(base), (mj, mj.glyph(base))}
        for selector in map(chr, selectors):
            found = chain.find(base + selector)
            by_first, by_mj = first.glyph(base + selector), mj.glyph(base + selector)
            assert found == ((first, by_first) if by_first else (mj, by_mj) if by_mj else None)
            if found and found[0] is mj and found in bare:  # format 14 itself says that it is the bare form
                assert ord(base) in set(mj.hb_face.variation_unicodes(ord(selector)))


def test_ipamj_is_not_asked_for_a_private_use_character_though_it_has_some() -> None:
    path = Settings(mj_font="").mj_face()
    if path is None:
        pytest.skip("IPAmj Mincho is not installed")
    fonts = FontSet(path)
    assert fonts.mj is not None
    private = {char for char in fonts.mj.characters if is_private(char)}
    assert private
    assert all(fonts.chains[name].find(char) is None for name in fonts.chains for char in private)


def test_only_the_councils_own_font_draws_private_use_characters(council: FontSet) -> None:
    for name in ("mincho", "gothic", "gothic-bold"):
        chain = council.chains[name]
        for char in ("\ue001", "\ue002", "\U000f0001"):
            found = chain.find(char)
            assert found is not None
            assert found[0] is council.gaiji
            assert found[0].advance(found[1]) == OWN[char]
        assert chain.find("\ue004") is None
        assert chain.find("\ue003") is None  # wider than an em: what fits is reckoned with one at most
    assert council.chains["ocr-b"].find("\ue001") is None


def test_the_councils_own_font_comes_last(council: FontSet) -> None:
    found = council.chains["mincho"].find("髙")
    assert found is not None
    assert found[0] is council.faces[0]


@given(st.text(max_size=6))
def test_what_is_drawn_has_a_glyph_for_every_cluster_and_private_ones_only_from_the_councils_font(text: str) -> None:
    used = set[str]()
    if MINCHO.missing(text):
        with pytest.raises(KeyError):
            MINCHO.spans(text, used)
        return
    spans = MINCHO.spans(text, used)
    assert sum(len(s.codes) // 4 for s in spans) == len(clusters(text))
    assert not any(is_private(char) for char in text)
    assert used == set(clusters(text))
    for cluster in used:
        assert not is_selector(cluster[0])
        assert not is_mark(cluster[0])


# Files


def test_a_windows_gaiji_file_is_a_truetype_font(council: FontSet) -> None:
    assert council.gaiji is not None
    assert (council.gaiji.name, council.gaiji.path.suffix) == ("EUDC", ".tte")
    assert council.gaiji.name in {face.name for face in council.faces}


def test_a_font_changes_the_digest_that_a_run_is_pinned_to(council: FontSet, own: Path) -> None:
    assert len({FontSet().sha256, FontSet(None, own).sha256, FontSet(own).sha256}) >= 2
    assert FontSet(None, own).sha256 != FontSet().sha256


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x00\x01\x00\x00" + bytes(60), b"wOF2" + bytes(60)])
def test_a_file_that_is_no_font_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "外字 2026.tte"
    path.write_bytes(content)
    with pytest.raises(FontError, match=r"外字 2026\.tte.*TrueType"):
        FontSet(None, path)


def test_a_font_with_postscript_outlines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FontError, match=r"own\.otf.*TrueType"):
        FontSet(None, write_postscript_font(tmp_path / "own.otf", "\ue001"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FontError, match=r"none\.ttf"):
        FontSet(tmp_path / "none.ttf")


def test_a_name_that_a_pdf_cannot_hold_as_it_is_is_made_plain(tmp_path: Path) -> None:
    fonts = FontSet(None, write_font(tmp_path / "外字 (2026).ttf", OWN))
    assert fonts.gaiji is not None
    assert fonts.gaiji.name == "2026"
    fonts = FontSet(None, write_font(tmp_path / "外字.ttf", OWN))
    assert fonts.gaiji is not None
    assert fonts.gaiji.name == "Gaiji"


def test_a_subset_of_the_councils_font_draws_the_same(council: FontSet) -> None:
    face = council.gaiji
    assert isinstance(face, Face)
    gid = face.glyph("\ue002")
    assert gid is not None
    part = hb.Font(hb.Face(face.subset({gid})))
    assert part.get_glyph_h_advance(gid) == OWN["\ue002"]
    assert part.get_glyph_extents(gid) == hb.Font(face.hb_face).get_glyph_extents(gid)
