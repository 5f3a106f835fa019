"""The shape of the universe, without writing a file."""

import numpy as np
import pytest

from tests.oracle.turnover import Turnover
from transforms.sample.universe.clock import as_date, day_number
from transforms.sample.universe.inquiries import Flow
from transforms.sample.universe.listings import Maker, Stock, product_ids
from transforms.sample.universe.parameters import Parameters, load
from transforms.sample.universe.sellers import Sellers, make_sellers


@pytest.fixture(scope="module", params=["PK", "IN"])
def parameters(request: pytest.FixtureRequest) -> Parameters:
    return load(request.param)


@pytest.fixture(scope="module")
def ends(parameters: Parameters) -> int:
    """The day on which the parameters hold: the last one of the fiscal year 2022."""
    return day_number(parameters.numbers["sellers"]["reference"])


@pytest.fixture(scope="module")
def sellers(parameters: Parameters) -> Sellers:
    return make_sellers(parameters, 1.0, 1)


@pytest.fixture(scope="module")
def maker(parameters: Parameters, sellers: Sellers) -> Maker:
    return Maker(parameters, sellers, 1.0, 1)


def paid(sellers: Sellers, day: int) -> int:
    return int((sellers.paid_on(day) & sellers.in_market(day)).sum())


def years_before(day: int, years: int) -> int:
    return day_number(as_date(day).replace(year=as_date(day).year - years))


def test_paid_sellers_grow_as_published(
    parameters: Parameters, sellers: Sellers, ends: int
) -> None:
    p = parameters.numbers["sellers"]
    now, then = paid(sellers, ends), paid(sellers, years_before(ends, 4))
    assert now == pytest.approx(p["paid"], rel=0.03)
    assert (now / then) ** (1 / 4) - 1 == pytest.approx(p["growth"], abs=0.015)


@pytest.mark.parametrize("scale", [0.02, 0.05, 0.25])
def test_small_universes_follow_the_same_curve(
    parameters: Parameters, ends: int, scale: float
) -> None:
    p = parameters.numbers["sellers"]
    small = make_sellers(parameters, scale, 3)
    for years in range(-8, 10):
        expected = scale * p["paid"] * (1 + p["growth"]) ** -years
        found = paid(small, years_before(ends, years))
        assert found == pytest.approx(expected, rel=0.04, abs=6)


def test_shares_of_cities_and_categories(
    parameters: Parameters, sellers: Sellers, ends: int
) -> None:
    p = parameters.numbers["sellers"]
    who = sellers.paid_on(ends) & sellers.in_market(ends)
    keys = [place.city_key for place in parameters.places]
    for of, names, weights in (
        (sellers.city_on(ends)[who], keys, p["cities"]),
        (sellers.top_category[who], list(parameters.top_categories), p["top_categories"]),
    ):
        known = of[of >= 0]
        for name, weight in weights.items():
            share = (known == names.index(name)).mean()
            assert share == pytest.approx(weight / sum(weights.values()), abs=0.03), name
    assert 0.01 < (sellers.city_on(ends)[who] < 0).mean() < 0.04


def test_memberships_last_whole_years_and_are_renewed(
    parameters: Parameters, sellers: Sellers
) -> None:
    begins, ends = sellers.paid_from[:, 0], sellers.paid_to[:, 0]
    ever = ends >= 0
    years = (ends[ever] + 1 - begins[ever]) / 365.2425
    assert np.abs(years - np.round(years)).max() < 0.01
    retention = parameters.numbers["sellers"]["retention"]
    assert (years > 1.5).mean() == pytest.approx(retention, abs=0.02)


def test_some_sellers_come_back_after_a_gap(sellers: Sellers) -> None:
    twice = sellers.paid_to[:, 1] >= 0
    assert twice.sum() > 50
    assert (sellers.paid_from[twice, 1] - sellers.paid_to[twice, 0] >= 45).all()
    assert (sellers.stay_from[twice, 1] > sellers.stay_to[twice, 0]).all()


def test_the_paid_are_in_the_census(sellers: Sellers, ends: int) -> None:
    for day in (years_before(ends, 4), ends):
        assert not (sellers.paid_on(day) & ~sellers.present_on(day)).any()
        free = sellers.present_on(day) & ~sellers.paid_on(day)
        assert 0.05 < free.sum() / sellers.present_on(day).sum() < 0.25


def test_listings_made_and_standing(maker: Maker, ends: int) -> None:
    p = maker.parameters.numbers["listings"]
    made = maker.made_until(ends)
    assert made == pytest.approx(p["made"], rel=0.10)
    stock, live = Stock(maker, [ends]).on(ends)
    # Were they made at a rate that grows like the sellers, so many would stand.
    growth = np.log1p(maker.parameters.numbers["sellers"]["growth"])
    expected = made * growth / (growth + 365.2425 / p["life_days"])
    assert len(live) == pytest.approx(expected, rel=0.10)
    shown = stock.take(live)
    assert maker.is_offered(shown).mean() == pytest.approx(0.94 * 0.97, abs=0.01)
    main = maker.sellers.top_category[shown.seller] == maker.top_category(shown)
    assert main.mean() == pytest.approx(0.85 * 0.98, abs=0.01)
    ids = product_ids(stock.key, maker.parameters.numbers["listings"]["id_classes"], 1)
    assert len(np.unique(ids)) == len(ids)
    assert ids.min() >= 10**8 and ids.max() < 10**14
    without = np.bincount(shown.seller, minlength=len(maker.sellers)) == 0
    assert 0.02 < without[maker.sellers.paid_on(ends)].mean() < 0.08


def test_some_listings_return(maker: Maker, ends: int) -> None:
    nights = [ends - 1, ends]
    stock, turnover = Stock(maker, nights), Turnover(nights)
    held, live = stock.on(nights[0])
    before = set(held.key[live].tolist())
    assert len(turnover.add(nights[0], held.take(live))) == len(live)
    held, live = stock.on(nights[1])
    new = set(held.key[live].tolist()) - before
    made_earlier = held.made[live] < nights[0]
    assert len(new) > len(new & set(held.key[live][made_earlier].tolist())) > 0
    assert set(turnover.add(nights[1], held.take(live)).key.tolist()) == new


def test_inquiries_of_a_year(maker: Maker, ends: int) -> None:
    flow = Flow(maker, 1.0, 1)
    year = [flow.on(day) for day in range(ends - 364, ends + 1)]
    counts = np.array([len(day) for day in year])
    paid_days = sum(paid(maker.sellers, int(day.day[0])) for day in year) / 365
    each = maker.parameters.numbers["inquiries"]["per_paid_seller"]
    assert counts.sum() / paid_days == pytest.approx(each, rel=0.05)
    weekdays = [np.median(counts[k::7]) for k in range(7)]
    assert min(weekdays) / max(weekdays) > 0.7
    for day in year[::50]:
        assert maker.sellers.paid_on(int(day.day[0]))[day.seller].all()
        assert (day.replied[day.replied >= 0] >= day.received[day.replied >= 0]).all()
    assert len(np.unique(np.concatenate([day.country for day in year]))) >= 25
