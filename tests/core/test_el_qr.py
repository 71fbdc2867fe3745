"""The OCR lines of a slip and the QR of local taxes: published digits, round trips, and what each check sees."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from printjobs.core.marks import el_qr, mpn
from printjobs.core.marks.el_qr import ElQr

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_bytes())
OF_KUSATSU = VECTORS["el_qr"][0]["digits"]
SLIP = ElQr(
    account="00000000000",
    amount=12_300,
    fee="2",
    organisation="13800",
    stamp="0",
    division="999",
    payment_number="00025206202600000001",
    confirmation="123456",
    city="25206",
    office="000",
    levy_year=2026,
    tax_year=2026,
    period=1,
    due="2026-07-31",
    accept_until="2027-03-31",
)


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


days = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 12, 31)).map(str)
slips = st.builds(
    ElQr,
    account=digits(11),
    amount=st.integers(0, 10**11 - 1),
    fee=digits(1),
    organisation=digits(5),
    stamp=digits(1),
    division=digits(3),
    payment_number=digits(20),
    confirmation=digits(6),
    city=digits(5),
    office=digits(3),
    levy_year=st.integers(2000, 2100),
    tax_year=st.integers(2000, 2100),
    period=st.integers(0, 99),
    due=days,
    accept_until=days,
    area=digits(1),
    upper_rest=digits(5),
    lower_rest=digits(7),
    extra=digits(85),
)

# --- the two check digits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "two"),
    [(v["body"], v["cd"]) for v in VECTORS["mpn_check"]] + [("100250881102000000061050501000000000000000", "22")],
)
def test_a_published_line_gets_its_published_check(body: str, two: str) -> None:
    assert mpn.check(body) == two
    assert mpn.holds(two + body)


def on_paper(body: str) -> str:
    """The check as the form's description counts it: places from 1, the first two are the check itself."""
    values = {place: int(char) for place, char in enumerate(body, start=3)}
    down, up = (9, 8, 7, 6, 5, 4, 3, 2), (2, 3, 4, 5, 6, 7, 8, 9)
    values[2] = sum(v * (down[(p - 3) // 2 % 8] if p % 2 else 1) for p, v in values.items()) % 10
    first = sum(v * (1 if p % 2 else up[(p - 2) // 2 % 8]) for p, v in values.items()) % 11
    return f"{0 if first == 10 else first}{values[2]}"


@given(digits(37) | digits(42))
def test_the_check_is_the_one_that_is_counted_on_paper(body: str) -> None:
    assert mpn.check(body) == on_paper(body)


@given(digits(37) | digits(42), st.data())
def test_one_wrong_digit_at_a_place_of_weight_one_is_always_seen(body: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body) // 2 - 1)) * 2 + 1
    wrong = body[:place] + str((int(body[place]) + data.draw(st.integers(1, 9))) % 10) + body[place + 1 :]
    assert mpn.check(wrong)[1] != mpn.check(body)[1]


def test_a_wrong_digit_is_almost_always_seen() -> None:
    """Weights that share a factor with ten let a few slips pass the second digit; the first sees most of those."""
    slips_seen = slips_made = 0
    body = OF_KUSATSU[31:68]
    for place in range(len(body)):
        for digit in set("0123456789") - {body[place]}:
            slips_made += 1
            slips_seen += mpn.check(body[:place] + digit + body[place + 1 :]) != mpn.check(body)
    assert slips_seen / slips_made > 0.97


def test_a_letter_has_its_value() -> None:
    assert mpn.check("A" + "0" * 36) == mpn.check("0" * 37).replace("00", f"{10 % 11 % 10}0")
    with pytest.raises(ValueError, match="cannot have"):
        mpn.check("B" + "0" * 36)
    assert not mpn.holds("00B")
    assert not mpn.holds("")


# --- the lines -----------------------------------------------------------------------------------------------------

UPPER = mpn.Upper("00000000000", 12_300, "2", "13800", "0", "999")
LOWER = mpn.Lower("00025206202600000001", "123456", "0", "25206", "000")


def test_lines_are_as_long_as_the_form_says_and_read_back() -> None:
    assert mpn.upper(UPPER) == "920000000000000000012300213800099900000"
    assert mpn.lower(LOWER) == "17000252062026000000011234560252060000000000"
    assert (len(mpn.upper(UPPER)), len(mpn.lower(LOWER))) == (mpn.UPPER_LENGTH, mpn.LOWER_LENGTH) == (39, 44)
    assert mpn.read_upper(mpn.upper(UPPER)) == UPPER
    assert mpn.read_lower(mpn.lower(LOWER)) == LOWER


@pytest.mark.parametrize(
    "wrong",
    [{"account": "0"}, {"amount": -1}, {"amount": 10**11}, {"fee": ""}, {"division": "12A"}, {"stamp": "０"}],
    ids=str,
)
def test_a_part_that_does_not_fit_the_upper_line_is_an_error(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        mpn.upper(UPPER._replace(**wrong))  # type: ignore[arg-type]


def test_a_part_that_does_not_fit_the_lower_line_is_an_error() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        mpn.lower(LOWER._replace(confirmation="1234"))


@pytest.mark.parametrize("line", ["", "9" + mpn.upper(UPPER), "91" + mpn.upper(UPPER)[2:], mpn.upper(UPPER)[:-1] + "A"])
def test_a_line_that_is_none_is_not_read(line: str) -> None:
    with pytest.raises(ValueError, match="OCR line"):
        mpn.read_upper(line)


# --- the 255 digits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["el_qr"], ids=lambda v: v["crc"])
def test_published_digits_hold_and_are_built_again(vector: dict[str, str]) -> None:
    assert el_qr.faults(vector["digits"]) == []
    assert el_qr.crc(vector["digits"][:-5]) == vector["crc"]
    assert el_qr.build(el_qr.parse(vector["digits"])) == vector["digits"]


def test_the_crc_is_that_of_the_catalogue() -> None:
    assert el_qr.crc("123456789") == str(0x29B1)
    assert el_qr.crc("") == str(0xFFFF)


def test_the_fields_stand_where_the_specification_says() -> None:
    assert el_qr.build(SLIP) == OF_KUSATSU
    assert el_qr.parse(OF_KUSATSU) == SLIP
    assert el_qr.mpn_lines(OF_KUSATSU) == (mpn.upper(UPPER), mpn.lower(LOWER))


@given(slips)
@example(SLIP._replace(amount=0, period=0))
def test_what_is_built_is_what_is_read(slip: ElQr) -> None:
    built = el_qr.build(slip)
    assert len(built) == el_qr.LENGTH
    assert el_qr.parse(built) == slip
    assert el_qr.faults(built, slip._asdict()) == []


@given(slips, st.integers(0, 254), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(slip: ElQr, place: int, off: int) -> None:
    right = el_qr.build(slip)
    wrong = right[:place] + str((int(right[place]) + off) % 10) + right[place + 1 :]
    assert el_qr.faults(wrong) == ["crc"]
    with pytest.raises(ValueError, match="crc"):
        el_qr.parse(wrong)


def sealed(body: str) -> str:
    return body + el_qr.crc(body)


def put(place: int, text: str) -> str:
    """The digits with ``text`` at a place, under a CRC that holds."""
    return sealed(OF_KUSATSU[:place] + text + OF_KUSATSU[place + len(text) : -5])


@pytest.mark.parametrize(
    ("wrong", "codes"),
    [
        ("", ["length"]),
        (OF_KUSATSU[:-1], ["length"]),
        (OF_KUSATSU[:-1] + "A", ["length"]),
        (OF_KUSATSU[:-1] + "2", ["crc"]),
        (put(0, "01"), ["structure"]),
        (put(4, "02"), ["structure"]),
        (put(14, "97"), ["structure"]),
        (put(16, "01"), ["structure"]),
        (put(246, "64"), ["structure"]),
        (put(29, "91"), ["upper_check"]),
        (put(68, "18"), ["lower_check"]),
        (put(141, "20260231"), ["dates"]),
        (put(116, "00000012301"), ["amount"]),
        (put(20, "13801"), ["organisation"]),
    ],
)
def test_every_check_that_does_not_hold_is_told(wrong: str, codes: list[str]) -> None:
    assert el_qr.faults(wrong) == codes
    with pytest.raises(ValueError, match=codes[0]):
        el_qr.parse(wrong)


@given(slips, slips)
def test_what_differs_from_the_row_beside_is_told_by_name(slip: ElQr, row: ElQr) -> None:
    assume(slip != row)
    wanted = [name for name, value in row._asdict().items() if slip._asdict()[name] != value]
    assert el_qr.faults(el_qr.build(slip), row._asdict()) == wanted


@pytest.mark.parametrize(
    "wrong",
    [{"account": "1"}, {"amount": 10**11}, {"confirmation": "1234"}, {"city": "252069"}, {"levy_year": 26_000},
     {"period": 100}, {"due": "2026-02-31"}, {"extra": "0"}, {"division": "00A"}],
    ids=str,
)  # fmt: skip
def test_a_value_that_does_not_fit_its_place_is_an_error_and_never_cut(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"fit|day|digits"):
        el_qr.build(SLIP._replace(**wrong))  # type: ignore[arg-type]
