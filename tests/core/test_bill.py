"""Law 5, for a whole run: every line of the invoice is split to the yen, and each city sees what joining saves it."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from printjobs.core.cost.bill import Bill, Case, JointCost, Mail, make_bill, posting_shares
from printjobs.core.cost.shapley import shapley
from printjobs.core.cost.splitting import Basis, Part, SplitRules
from printjobs.core.cost.tariff import Tariff, Unit, Volumes
from printjobs.core.postage.assigning import assign
from printjobs.core.postage.posting import Lot, Posting, Route, Terms, price
from printjobs.reference import costs
from printjobs.reference.costs import postage_table
from tests.core.costs import CODES, tariffs, volumes

DAY = "2026-04-10"
TABLE = postage_table(DAY)
PEOPLE = costs.people("2018-10-01")
STANDARD, LARGE = (
    TABLE.classes[0].name,
    next(c.name for c in TABLE.classes if c.shape != "standard" and c.up_to_g == 100),
)
RULES = costs.split_rules(DAY)

lots = st.lists(
    st.builds(
        Lot,
        city=st.sampled_from(CODES[:5]),
        office=st.sampled_from(["525", "52030", "100"]),
        mail_class=st.sampled_from([STANDARD, LARGE]),
        barcode=st.booleans(),
        pieces=st.one_of(st.integers(1, 900), st.integers(500, 60_000)),
    ),
    max_size=10,
    unique_by=lambda lot: lot[:4],
).map(tuple)
mixtures = st.sampled_from([
    (Part(Basis.VOLUME),), (Part(Basis.EQUAL),), (Part(Basis.EQUAL, "20"), Part(Basis.POPULATION, "80")),
    (Part(Basis.HOUSEHOLDS, "33.3"), Part(Basis.ACTUAL, "66.7")),
])  # fmt: skip
rules = st.builds(
    SplitRules, valid_from=st.just(DAY), people_as_of=st.just("2018-10-01"), default=mixtures, pooled_discount=mixtures,
    items=st.just({}),
)  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any run: planned in the cheapest way, or by then pulled from, so that postings are smaller than they were."""
    planned, delay = draw(lots), draw(st.sampled_from([0, 3, 7]))
    postings = assign(planned, TABLE, delay)
    if draw(st.booleans()):
        postings = tuple(
            p._replace(lots=tuple(lot._replace(pieces=draw(st.integers(1, lot.pieces))) for lot in p.lots))
            for p in postings
        )
    cities = {lot.city for lot in planned} | draw(st.sets(st.sampled_from(CODES), min_size=1))
    abroad = draw(st.dictionaries(st.sampled_from(sorted(cities)), st.integers(0, 50)))
    mail = Mail(tuple(lot for p in postings for lot in p.lots), postings, abroad, delay)
    own = {code: draw(volumes) for code in sorted(cities)}
    return Case(own, PEOPLE, draw(tariffs), draw(rules), TABLE, mail)


some = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@some
@given(cases())
def test_the_shares_of_every_city_add_up_to_the_invoice_and_none_is_negative(case: Case) -> None:
    bill = make_bill(case)
    assert bill.sum_ok
    assert sum(city.total_yen for city in bill.cities) == bill.invoice_yen
    assert all(item.yen >= 0 for city in bill.cities for item in city.items)
    assert [city.code for city in bill.cities] == sorted(case.volumes)


@some
@given(cases())
def test_every_line_is_split_to_the_yen(case: Case) -> None:
    """The vendor's lines one by one, the post's by posting."""
    bill, shares = make_bill(case), Counter[str]()
    for city in bill.cities:
        for item in city.items:
            shares["消費税" if item.group == "tax" else item.item] += item.yen
    wanted: Counter[str] = Counter()
    for line in bill.lines:
        name = line.title if line.issuer == "vendor" and line.key != "tax" else line.title.partition("（")[0]
        wanted[name] += line.yen
    vendors = {line.title for line in bill.lines if line.issuer == "vendor" and line.key != "tax"}
    assert all(shares[name] == wanted[name] for name in vendors)
    assert shares["消費税"] == wanted["消費税"]
    posted = sum(line.yen for line in bill.lines if line.issuer == "post")
    assert posted == sum(price(p, TABLE).yen for p in case.mail.postings) + TABLE.overseas.yen * sum(
        case.mail.overseas.values()
    )
    assert posted == sum(i.yen for c in bill.cities for i in c.items if i.group == "postage")


@some
@given(cases(), st.randoms(use_true_random=False))
def test_the_bill_does_not_depend_on_the_order_of_cities_lots_or_postings(case: Case, chance: random.Random) -> None:
    def shuffled(lots_: tuple[Lot, ...]) -> tuple[Lot, ...]:
        return tuple(chance.sample(lots_, len(lots_)))

    postings = tuple(p._replace(lots=shuffled(p.lots)) for p in case.mail.postings)
    mail = case.mail._replace(lots=shuffled(case.mail.lots), postings=postings)
    own = dict(chance.sample(list(case.volumes.items()), len(case.volumes)))
    assert make_bill(case._replace(volumes=own, mail=mail)) == make_bill(case)


@some
@given(cases())
def test_what_a_city_pays_alone_is_the_bill_of_a_run_of_its_own(case: Case) -> None:
    """The comparison is honest: the same program, the same tables, one city."""
    bill = make_bill(case)
    for city in bill.cities:
        own_lots = tuple(lot for lot in case.mail.lots if lot.city == city.code)
        abroad = {city.code: case.mail.overseas.get(city.code, 0)}
        mail = Mail(own_lots, assign(own_lots, TABLE, case.mail.delay), abroad, case.mail.delay)
        own = case.volumes[city.code]._replace(new=False)  # alone it joins nobody
        alone = make_bill(case._replace(volumes={city.code: own}, mail=mail))
        assert alone.invoice_yen == alone.cities[0].total_yen
        busy = any(own.units.values())  # what has nothing made needs no vendor
        assert city.alone_yen == sum(line.yen for line in alone.lines if busy or line.issuer == "post")
        assert city.saving_yen == city.alone_yen - city.total_yen
        assert (city.code in bill.dearer) == (city.total_yen > city.alone_yen)


def mail_of(*own: Lot, delay: int = 0) -> Mail:
    return Mail(own, assign(own, TABLE, delay), {}, delay)


def case_of(mail: Mail, tariff: Tariff | None = None) -> Case:
    cities = sorted({lot.city for lot in mail.lots})
    own = {
        code: Volumes(n, {(Unit.ENVELOPE, "slip"): n}, frozenset({"slip-i1-s04"}))
        for code in cities
        for n in [sum(lot.pieces for lot in mail.lots if lot.city == code)]
    }
    return Case(own, PEOPLE, tariff or costs.tariff(DAY), RULES, TABLE, mail)


def test_a_discount_that_only_joining_reaches_is_shared_by_volume() -> None:
    """1,500 and 900 alone get 3 % and nothing; together they are sorted mail with barcodes, 6 %."""
    mail = mail_of(Lot("252069", "525", STANDARD, True, 1500), Lot("252077", "524", STANDARD, True, 900))
    (posting,) = mail.postings
    assert (posting.terms.route, posting.cities) == (Route.SORTED, ("252069", "252077"))
    together = 2400 * 110 * 94 // 100
    alone = {"252069": 1500 * 110 * 97 // 100, "252077": 900 * 110}
    pooled = sum(alone.values()) - together
    shares = posting_shares(posting, price(posting, TABLE), case_of(mail))
    assert {code: share.yen for code, share in shares.items()} == {
        "252069": alone["252069"] - round(pooled * Fraction(1500, 2400)),
        "252077": alone["252077"] - round(pooled * Fraction(900, 2400)),
    }
    assert shares["252077"].basis == ("自市だけなら 99,000円 − 共同の割引 4,084円（全体で 10,890円、通数 900／2,400）")


def test_who_pulls_have_put_out_of_a_posting_pays_its_own_way_and_the_others_share_theirs() -> None:
    """499 are too few for a joint 区分: they go without a discount, and none of what the others save is theirs."""
    lots_ = tuple(Lot(code, "525", STANDARD, False, n) for code, n in zip(CODES, (9000, 1500, 499), strict=False))
    joint = Posting(1, Terms(Route.SORTED), lots_)
    bill = make_bill(case_of(Mail(lots_, (joint,), {}, 0)))
    paid = [sum(i.yen for i in city.items if i.group == "postage") for city in bill.cities]
    assert paid[2] == 499 * 110
    assert sum(paid) == price(joint, TABLE).yen
    assert paid[0] < 9000 * 110 * 97 // 100
    assert paid[1] < 1500 * 110


def test_a_city_that_posts_by_itself_pays_its_own_amount() -> None:
    mail = mail_of(Lot("252069", "525", STANDARD, True, 2500))
    (city,) = make_bill(case_of(mail)).cities
    paid = [i for i in city.items if i.group == "postage"]
    assert [(i.yen, i.rule, i.basis) for i in paid] == [(2500 * 110 * 94 // 100, "実費", "2,500通 × 110円 − 6%")]


def test_undiscounted_mail_is_charged_to_the_city_whose_mail_it_was() -> None:
    mail = mail_of(Lot("252069", "525", STANDARD, True, 100), Lot("252077", "525", LARGE, False, 7))
    bill = make_bill(case_of(mail._replace(overseas={"252077": 2})))
    paid = {c.code: [(i.item, i.basis, i.yen) for i in c.items if i.group == "postage"] for c in bill.cities}
    assert paid == {
        "252069": [(f"郵便料 {STANDARD}", "100通 × 110円", 11_000)],
        "252077": [(f"郵便料 {LARGE}", "7通 × 180円", 1_260), ("郵便料 外国あて書状", "2通 × 110円", 220)],
    }


def test_a_posting_that_pulls_have_made_dearer_than_alone_is_a_loss_shared_by_the_same_rule() -> None:
    """So many were pulled that the two are too few for each other; what each had alone would have been cheaper."""
    lots_ = (Lot("252069", "525", STANDARD, True, 1500), Lot("252077", "524", STANDARD, True, 100))
    joint = Posting(1, Terms(Route.PLAIN), lots_)._replace(terms=Terms(Route.SORTED))
    case = case_of(Mail(lots_, (joint,), {}, 0))
    priced = price(joint, TABLE)._replace(yen=176_000)  # as if nothing were taken off
    shares = posting_shares(joint, priced, case)
    assert sum(share.yen for share in shares.values()) == 176_000
    assert "共同の不足" in shares["252069"].basis


def test_the_worked_example_of_fixed_costs_stands_in_the_bill() -> None:
    """Ten million yen of fixed costs, equal 20 %, population 80 % (2018)."""
    fixed = msgspec.structs.replace(costs.tariff(DAY).prices[0], yen="10000000")
    tariff = msgspec.structs.replace(costs.tariff(DAY), prices=(fixed,), consumption_tax_percent="0")
    rule = (Part(Basis.EQUAL, "20"), Part(Basis.POPULATION, "80"))
    agreed = msgspec.structs.replace(RULES, items={fixed.key: rule})
    own = {code: Volumes(1, {(Unit.ENVELOPE, "slip"): 1}, frozenset()) for code in CODES}
    bill = make_bill(Case(own, PEOPLE, tariff, agreed, TABLE, Mail((), (), {}, 0)))
    assert {c.code: c.total_yen for c in bill.cities} == {
        "252069": 2_018_444, "252077": 1_348_930, "252085": 1_165_821, "252107": 925_099,
        "252115": 977_128, "252042": 1_337_894, "252140": 771_459, "252093": 1_455_225,
    }  # fmt: skip
    assert bill.invoice_yen == 10_000_000
    assert {c.alone_yen for c in bill.cities} == {10_000_000}


def test_a_city_that_would_be_cheaper_alone_is_named() -> None:
    """One city needs many set-ups of the machines, all share them equally: the other is better off alone."""
    price_of = next(p for p in costs.tariff(DAY).prices if p.key == "set_up")
    tariff = msgspec.structs.replace(costs.tariff(DAY), prices=(price_of,))
    agreed = msgspec.structs.replace(RULES, items={"set_up": (Part(Basis.EQUAL),)})
    one = {(Unit.ENVELOPE, "slip"): 1}
    own = {
        "252069": Volumes(1, one, frozenset({"slip-i1-s04", "slip-i1-s07", "plain-i0-s04", "plain-i0-s07"})),
        "252077": Volumes(1, one, frozenset({"slip-i1-s04"})),
    }
    bill = make_bill(Case(own, PEOPLE, tariff, agreed, TABLE, Mail((), (), {}, 0)))
    assert bill.dearer == ("252077",)


def test_a_city_whose_notices_were_all_pulled_is_told_that_alone_it_would_pay_nothing() -> None:
    case = case_of(mail_of(Lot("252069", "525", STANDARD, True, 100)))
    case = case._replace(volumes={**case.volumes, "252077": Volumes(0, {}, frozenset())})
    bill = make_bill(case)
    without = next(city for city in bill.cities if city.code == "252077")
    assert without.alone_yen == 0 < without.total_yen
    assert bill.dearer == ("252077",)


def test_a_run_without_a_city_has_an_empty_bill() -> None:
    bill = make_bill(Case({}, PEOPLE, costs.tariff(DAY), RULES, TABLE, Mail((), (), {}, 0)))
    assert bill == Bill((), ())
    assert bill.sum_ok


@some
@given(cases())
def test_joining_all_costs_what_the_invoice_says_when_the_postings_are_the_cheapest(case: Case) -> None:
    best = case._replace(mail=case.mail._replace(postings=assign(case.mail.lots, TABLE, case.mail.delay)))
    assume(len(case.volumes) > 1)
    assert JointCost(best)(frozenset(case.volumes)) == make_bill(best).invoice_yen


def test_every_line_of_the_statement_has_its_rule_and_its_basis() -> None:
    mail = mail_of(*(Lot(code, "525", STANDARD, True, 3000 + n) for n, code in enumerate(CODES)), delay=3)
    bill = make_bill(case_of(mail))
    for city in bill.cities:
        assert all(item.rule and item.basis for item in city.items)
        assert city.saving_yen > 0
    assert {item.group for city in bill.cities for item in city.items} == {"fixed", "variable", "tax", "postage"}


@pytest.mark.parametrize("cities", [1, 3, 8])
def test_the_yardstick_of_all_cities_is_what_they_pay_together(cities: int) -> None:
    mail = mail_of(*(Lot(code, "525", STANDARD, True, 900 + 300 * n) for n, code in enumerate(CODES[:cities])))
    joint = JointCost(case_of(mail))
    values = shapley(CODES[:cities], joint)
    assert sum(values.values()) == joint(frozenset(CODES[:cities]))
