"""City profiles: what one city says its own way, and what a profile may not say."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from fonts import FontSet
from printjobs import reference
from printjobs.core.kinds import KINDS, PROPERTY_TAX
from printjobs.core.model import UsageError
from printjobs.intake import PostalCodes
from printjobs.reference import profile as room
from printjobs.reference.profile import LARGEST_SEAL, Profile, SealImage, digest, profiles, seal_bits
from printjobs.render.city import city_texts
from printjobs.render.compiled import CompiledLayout
from tests.golden.notices import KUSATSU, MAIBARA, compiled, made_up, person

every_kind = pytest.mark.parametrize("kind", KINDS)
YASU = "252107"


@every_kind
def test_every_city_has_a_profile_of_every_kind(kind: str) -> None:
    assert profiles(kind, 2026).keys() == reference.cities().keys()


@every_kind
def test_a_profile_has_what_the_payment_slip_says(kind: str) -> None:
    for code, own in profiles(kind, 2026).items():
        assert {"levy", "short_levy", "payer", "slip", "appeal"} <= own.values.keys(), code
        assert own.telephone.strip("0-") == "", "a sample page must not show a number that somebody answers"


def test_a_city_wins_over_what_is_common() -> None:
    found = profiles("property_tax", 2026)
    assert found[KUSATSU].due != found[YASU].due
    assert (found[KUSATSU].values["planning_rate"], found[YASU].values["planning_rate"]) == ("0.3", "0.2")
    assert found[YASU].values["levy"] == found[KUSATSU].values["levy"]


def test_a_year_without_profiles_is_told_with_the_next_step() -> None:
    with pytest.raises(UsageError, match="2031年度の市の設定がありません"):
        profiles("property_tax", 2031)


def test_the_digest_tells_a_changed_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest("property_tax", 2026)
    changed = dict(profiles("property_tax", 2026))
    changed[KUSATSU] = msgspec.structs.replace(changed[KUSATSU], mayor="見本　市長")
    monkeypatch.setattr(room, "profiles", lambda _kind, _year: changed)
    assert digest("property_tax", 2026) != before


def _other_account() -> Any:
    marks = reference.marks()
    return msgspec.structs.replace(marks, biller=msgspec.structs.replace(marks.biller, account="00000000001"))


def _moved_mark() -> Any:
    vendor = reference.vendor()
    return msgspec.structs.replace(vendor, mark=msgspec.structs.replace(vendor.mark, x=vendor.mark.x + 1))


def _other_address() -> Any:
    found = dict(reference.cities())
    found[KUSATSU] = msgspec.structs.replace(found[KUSATSU], address="草津市見本町1番地")
    return found


@pytest.mark.parametrize(
    ("what", "changed"), [("marks", _other_account), ("vendor", _moved_mark), ("cities", _other_address)]
)
def test_the_digest_tells_who_is_paid_where_the_mark_stands_and_who_sends(
    what: str, changed: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a city signed is what is printed: none of these may change between the two."""
    before, now = digest("property_tax", 2026), changed()
    monkeypatch.setattr(room, what, lambda: now)
    assert digest("property_tax", 2026) != before


def test_what_never_comes_on_paper_does_not_change_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before, vendor = digest("property_tax", 2026), reference.vendor()
    insert = msgspec.structs.replace(vendor.insert, reprint_ceiling_percent=1.0)
    monkeypatch.setattr(room, "vendor", lambda: msgspec.structs.replace(vendor, insert=insert))
    assert digest("property_tax", 2026) == before


@pytest.mark.parametrize("parts", [["address"], ["building"], ["address", "address"], []])
def test_a_city_cannot_leave_a_part_of_the_address_out(parts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice without its 方書 is not delivered, and nothing else would say so."""
    real = room._read

    def read(year: int, name: str) -> dict[str, Any]:
        return real(year, name) | ({"address_parts": parts} if name == KUSATSU else {})

    monkeypatch.setattr(room, "_read", read)
    profiles.cache_clear()
    try:
        with pytest.raises(ValueError, match=rf"{KUSATSU}\.toml, property_tax: address_parts"):
            profiles("property_tax", 2026)
    finally:
        profiles.cache_clear()


def test_texts_of_a_profile_name_the_city_and_leave_no_brace() -> None:
    for kind in KINDS.values():
        for code, city in city_texts(kind, 2026, "2026-04-10").items():
            assert reference.city(code).name in city.values["city.appeal"]
            left = [name for name, text in city.values.items() if "{" in text or "}" in text]
            assert left == [], (kind.code, code)


# --- the seal ------------------------------------------------------------------------------------------------


def test_a_seal_is_25_millimetres_at_most() -> None:
    """住民記録システム標準仕様書 5.6."""
    assert LARGEST_SEAL == 25
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"image": "sample.png", "mm": 25.1}, SealImage)


def test_the_sample_seal_is_black_and_white_and_says_that_it_is_one() -> None:
    width, height, data = seal_bits(SealImage("sample.png", 20.0))
    assert (width, height) == (472, 472)  # 20 mm at 600 dpi
    assert len(data) == (width + 7) // 8 * height


@pytest.mark.parametrize("colour", [(255, 0, 0), (90, 90, 90)], ids=["red", "grey"])
def test_a_seal_in_colour_or_tones_is_refused(
    colour: tuple[int, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "seals").mkdir()
    picture = io.BytesIO()
    Image.new("RGB", (40, 40), colour).save(picture, "PNG")
    (tmp_path / "seals" / "own.png").write_bytes(picture.getvalue())
    monkeypatch.setattr(room, "files", lambda _package: tmp_path)
    with pytest.raises(ValueError, match="black and white only"):
        seal_bits(SealImage("own.png", 18.0))


def test_a_key_that_a_profile_does_not_have_is_refused() -> None:
    own = msgspec.to_builtins(profiles("property_tax", 2026)[KUSATSU])
    with pytest.raises(msgspec.ValidationError, match="telefone"):
        msgspec.convert(own | {"telefone": "000"}, Profile)


# --- the address -------------------------------------------------------------------------------------------------


def rendered_block(parts: str) -> str:
    texts = compiled().cities[KUSATSU]
    own = texts._replace(values={**texts.values, "city.address_parts": parts})
    layout = CompiledLayout(compiled().layout, PROPERTY_TAX, FontSet(None), {**compiled().cities, KUSATSU: own})
    who = person("見本　太郎", "草津市見本町1番地", building="見本荘101")
    notice = made_up(1, KUSATSU, who, assets=1)
    slot = next(p for b in layout.pages["cover"].blocks for p in b.places if "addressee.building" in p.fields)
    return slot.fill(notice, [], layout.sides(notice)[0].info)


def test_the_parts_of_an_address_stand_in_the_citys_own_order() -> None:
    assert rendered_block("address,building") == "草津市見本町1番地\n見本荘101"
    assert rendered_block("building,address") == "見本荘101\n草津市見本町1番地"


def test_a_notice_without_a_building_has_no_empty_line() -> None:
    layout = compiled()
    notice = made_up(1, MAIBARA, person("見本　太郎", "米原市見本町1番地"), assets=1)
    slot = next(p for b in layout.pages["cover"].blocks for p in b.places if "addressee.building" in p.fields)
    assert slot.fill(notice, [], layout.sides(notice)[0].info) == "米原市見本町1番地"


def test_an_address_that_does_not_parse_gets_what_its_city_chose() -> None:
    codes = PostalCodes()
    other_town = ("5250034", "草津市見本町1番地", "")
    assert codes.barcode("none", *other_town) == ""
    assert codes.barcode("postal_code", *other_town) == "5250034"
    assert codes.barcode("none", "5250034", "滋賀県草津市草津三丁目13番30号", "") == "52500343-13-30"
