"""The shape of the universe, without writing a file."""

from datetime import date

import numpy as np
import pytest

from transforms.sample.clock import day_number
from transforms.sample.inquiries import Flow
from transforms.sample.listings import Maker, Stock, product_ids
from transforms.sample.parameters import Parameters, load
from transforms.sample.sellers import Sellers, make_sellers

FY2022_ENDS = day_number(date(2022, 6, 30))
FY2018_ENDS = day_number(date(2018, 6, 30))


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    return load("PK")


@pytest.fixture(scope="module")
def sellers(parameters: Parameters) -> Sellers:
    return make_sellers(parameters, 1.0, 1)


@pytest.fixture(scope="module")
def maker(parameters: Parameters, sellers: Sellers) -> Maker:
    return Maker(parameters, sellers, 1.0, 1)


def paid(sellers: Sellers, day: int) -> int:
    return int((sellers.paid_on(day) & sellers.in_market()).sum())


def test_paid_sellers_grow_as_published(sellers: Sellers) -> None:
    now, then = paid(sellers, FY2022_ENDS), paid(sellers, FY2018_ENDS)
    assert now == pytest.approx(3100, rel=0.03)
    assert (now / then) ** (1 / 4) - 1 == pytest.approx(0.29, abs=0.015)


@pytest.mark.parametrize("scale", [0.02, 0.05, 0.25])
def test_small_universes_follow_the_same_curve(parameters: Parameters, scale: float) -> None:
    small = make_sellers(parameters, scale, 3)
    for year in range(2013, 2031):
        expected = scale * 3100 * 1.29 ** (year - 2022)
        found = paid(small, day_number(date(year, 6, 30)))
        assert found == pytest.approx(expected, rel=0.04, abs=6)


def test_shares_of_cities_and_categories(parameters: Parameters, sellers: Sellers) -> None:
    who = sellers.paid_on(FY2022_ENDS) & sellers.in_market()
    city = sellers.city[who]
    assert parameters.places[0].city_key == "sialkot"
    assert 0.86 < (city == 0).sum() / (city >= 0).sum() < 0.91
    assert 0.01 < (city < 0).mean() < 0.04
    apparel = parameters.top_categories.index("3")
    assert 0.60 < (sellers.top_category[who] == apparel).mean() < 0.66


def test_memberships_last_whole_years_and_are_renewed(sellers: Sellers) -> None:
    begins, ends = sellers.paid_from[:, 0], sellers.paid_to[:, 0]
    ever = ends >= 0
    years = (ends[ever] + 1 - begins[ever]) / 365.2425
    assert np.abs(years - np.round(years)).max() < 0.01
    assert (years > 1.5).mean() == pytest.approx(0.85, abs=0.02)


def test_some_sellers_come_back_after_a_gap(sellers: Sellers) -> None:
    twice = sellers.paid_to[:, 1] >= 0
    assert twice.sum() > 100
    assert (sellers.paid_from[twice, 1] - sellers.paid_to[twice, 0] >= 45).all()
    assert (sellers.stay_from[twice, 1] > sellers.stay_to[twice, 0]).all()


def test_the_paid_are_in_the_census(sellers: Sellers) -> None:
    for day in (FY2018_ENDS, FY2022_ENDS):
        assert not (sellers.paid_on(day) & ~sellers.present_on(day)).any()
        free = sellers.present_on(day) & ~sellers.paid_on(day)
        assert 0.05 < free.sum() / sellers.present_on(day).sum() < 0.25


def test_listings_made_and_standing(maker: Maker) -> None:
    assert maker.made_until(FY2022_ENDS) == pytest.approx(3_200_000, rel=0.10)
    stock, live = Stock(maker, [FY2022_ENDS]).on(FY2022_ENDS)
    assert len(live) == pytest.approx(320_000, rel=0.05)
    shown = stock.take(live)
    assert maker.is_offered(shown).mean() == pytest.approx(0.94 * 0.97, abs=0.01)
    main = maker.sellers.top_category[shown.seller] == maker.top_category(shown)
    assert main.mean() == pytest.approx(0.85 * 0.98, abs=0.01)
    ids = product_ids(stock.key, maker.parameters.numbers["listings"]["id_classes"], 1)
    assert len(np.unique(ids)) == len(ids)
    assert ids.min() >= 10**8 and ids.max() < 10**14
    without = np.bincount(shown.seller, minlength=len(maker.sellers)) == 0
    assert 0.02 < without[maker.sellers.paid_on(FY2022_ENDS)].mean() < 0.08


def test_some_listings_return(maker: Maker) -> None:
    nights = [FY2022_ENDS - 1, FY2022_ENDS]
    stock = Stock(maker, nights)
    held, live = stock.on(nights[0])
    before = set(held.key[live].tolist())
    assert len(stock.first_seen(live)) == len(live)
    held, live = stock.on(nights[1])
    new = set(held.key[live].tolist()) - before
    made_earlier = held.made[live] < nights[0]
    assert len(new) > len(new & set(held.key[live][made_earlier].tolist())) > 0
    assert set(held.key[stock.first_seen(live)].tolist()) == new


def test_inquiries_of_a_year(maker: Maker) -> None:
    flow = Flow(maker, 1.0, 1)
    year = [flow.on(day) for day in range(FY2022_ENDS - 364, FY2022_ENDS + 1)]
    counts = np.array([len(day) for day in year])
    paid_days = sum(paid(maker.sellers, int(day.day[0])) for day in year) / 365
    assert counts.sum() / paid_days == pytest.approx(45, rel=0.05)
    weekdays = [np.median(counts[k::7]) for k in range(7)]
    assert min(weekdays) / max(weekdays) > 0.7
    for day in year[::50]:
        assert maker.sellers.paid_on(int(day.day[0]))[day.seller].all()
        assert (day.replied[day.replied >= 0] >= day.received[day.replied >= 0]).all()
    assert len(np.unique(np.concatenate([day.country for day in year]))) >= 25
