"""The sellers of the universe: who they are, where, when they paid, when they were to be seen."""

from collections import deque
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transforms.sample.universe.clock import day_number
from transforms.sample.universe.draw import Floats, Ints, Weighted, evenly, generator
from transforms.sample.universe.moves import (
    MARKET,
    NEVER,
    NO_CITY,
    NOT_IN_GAZETTEER,
    OTHER_COUNTRY,
    UNKNOWN_COUNTRY,
    Days,
    Whereabouts,
    moved,
    whereabouts,
)
from transforms.sample.universe.parameters import Parameters

Mask = NDArray[np.bool_]

YEAR = 365.2425

_EVEN, _LOOSE, _FREE = 101, 102, 103  # streams of random numbers


@dataclass(frozen=True)
class Sellers:
    """One element per seller, ordered by the first day it was seen.

    Stretches (`paid_*`, `stay_*`) have two columns, the second for sellers that came back; both
    ends are included. From `moves_on` on a seller is where `later` says.
    """

    first: Whereabouts
    later: Whereabouts
    moves_on: Days  # NEVER for those who stay
    top_category: Ints
    membership: Ints
    partner: Ints
    weight: Floats
    twin_of: Ints  # the company's other storefront, -1 for none
    paid_from: Days
    paid_to: Days
    stay_from: Days
    stay_to: Days

    def __len__(self) -> int:
        return len(self.moves_on)

    def paid_on(self, day: int) -> Mask:
        return _within(day, self.paid_from, self.paid_to)

    def present_on(self, day: int) -> Mask:
        """In the census of that night."""
        return _within(day, self.stay_from, self.stay_to)

    def origin_on(self, day: int) -> NDArray[np.int8]:
        """MARKET, OTHER_COUNTRY or UNKNOWN_COUNTRY."""
        return np.where(self.moves_on <= day, self.later.origin, self.first.origin)

    def in_market(self, day: int) -> Mask:
        found: Mask = self.origin_on(day) == MARKET
        return found

    def with_known_country(self, day: int) -> Mask:
        found: Mask = self.origin_on(day) != UNKNOWN_COUNTRY
        return found

    def country_on(self, day: int) -> Ints:
        """Position among the other countries; -1 for the market's and those of unknown country."""
        return np.where(self.moves_on <= day, self.later.country, self.first.country)

    def city_on(self, day: int) -> Ints:
        return np.where(self.moves_on <= day, self.later.city, self.first.city)

    def last_paid_stretch(self, day: int) -> tuple[Days, Days]:
        """First and last day of the membership of that day, or else of the last one before."""
        second = self.paid_from[:, 1] <= day
        return (
            np.where(second, self.paid_from[:, 1], self.paid_from[:, 0]),
            np.where(second, self.paid_to[:, 1], self.paid_to[:, 0]),
        )


def _within(day: int, first: Days, last: Days) -> Mask:
    inside: Mask = (first <= day) & (day <= last)
    return inside[:, 0] | inside[:, 1]


def make_sellers(parameters: Parameters, scale: float, seed: int) -> Sellers:
    """Every seller of the market's marketplace from its beginning to 2031.

    Memberships begin at a rate that makes the number of the market's paid sellers grow by the
    same share every year; they last whole years. The count on any day is that of the
    parameters but for rounding, at every scale.
    """
    p = parameters.numbers["sellers"]
    paid = _paid_sellers(p, scale, seed)
    free = _free_sellers(p, scale, seed)
    paid_from, paid_to, stay_from, stay_to = (
        np.concatenate([a, b]) for a, b in zip(paid[:4], free[:4], strict=True)
    )
    origin = np.concatenate([paid[4], free[4]])
    is_free = np.arange(len(origin)) >= len(paid[4])
    order = np.argsort(stay_from[:, 0], kind="stable")
    return _described(
        parameters,
        seed,
        origin[order],
        is_free[order],
        paid_from[order],
        paid_to[order],
        stay_from[order],
        stay_to[order],
    )


_Stretches = tuple[Days, Days, Days, Days, NDArray[np.int8]]


def _paid_sellers(p: dict[str, Any], scale: float, seed: int) -> _Stretches:
    growth = float(np.log1p(p["growth"]))
    kept = p["retention"]
    # Of the memberships begun a years ago retention^floor(a) still run; with beginnings growing
    # like the count itself, this is how many must begin a year per running membership.
    turnover = growth * (1 - kept * np.exp(-growth)) / (1 - np.exp(-growth))
    in_market = 1 - p["other_country"] - p["unknown_country"]
    begun = scale * p["paid"] / in_market * turnover / growth  # up to the reference day
    starts = _growing(begun, growth, p)
    even = evenly(len(starts), 2, seed, _EVEN)
    years = np.clip(np.floor(np.log(1 - even[:, 0]) / np.log(kept)) + 1, 1, 25).astype(np.int64)
    ends = _same_day_later(starts, years) - 1
    origin = _origins(p, even[:, 1])
    first, again = _returns(starts, ends, origin, p, seed)
    paid_from = np.full((len(first), 2), NEVER, np.int64)
    paid_to = np.full((len(first), 2), -1, np.int64)
    paid_from[:, 0], paid_to[:, 0] = starts[first], ends[first]
    back = again >= 0
    paid_from[back, 1], paid_to[back, 1] = starts[again[back]], ends[again[back]]

    loose = generator(seed, _LOOSE)
    lead_in = loose.integers(p["lead_in_days"][0], p["lead_in_days"][1] + 1, paid_from.shape)
    lead_out = loose.integers(p["lead_out_days"][0], p["lead_out_days"][1] + 1, paid_from.shape)
    stay_from = np.where(paid_to >= 0, paid_from - lead_in, NEVER)
    stay_to = np.where(paid_to >= 0, paid_to + lead_out, -1)
    # Back before it was gone: one stay in two adjoining pieces.
    stay_from[back, 1] = np.maximum(stay_from[back, 1], stay_to[back, 0] + 1)
    return paid_from, paid_to, stay_from, stay_to, origin[first]


def _free_sellers(p: dict[str, Any], scale: float, seed: int) -> _Stretches:
    growth = float(np.log1p(p["growth"]))
    in_market = 1 - p["other_country"] - p["unknown_country"]
    stay_years = p["free_only_stay_days"] / YEAR
    begun = scale * p["paid"] / in_market * p["free_only"] * (growth + 1 / stay_years) / growth
    starts = _growing(begun, growth, p)
    even = evenly(len(starts), 2, seed, _FREE)
    days = np.ceil(-np.log(1 - even[:, 0]) * p["free_only_stay_days"]).astype(np.int64)
    none_from = np.full((len(starts), 2), NEVER, np.int64)
    none_to = np.full((len(starts), 2), -1, np.int64)
    stay_from, stay_to = none_from.copy(), none_to.copy()
    stay_from[:, 0], stay_to[:, 0] = starts, starts + days
    return none_from, none_to, stay_from, stay_to, _origins(p, even[:, 1])


def _growing(begun: float, growth: float, p: dict[str, Any]) -> Days:
    """Days of events whose running count grows exponentially to `begun` on the reference day."""
    reference = day_number(p["reference"])

    def count(day: date) -> int:
        return int(begun * np.exp(growth * (day_number(day) - reference) / YEAR))

    ordinals = np.arange(count(p["begins"]), count(p["ends"])) + 0.5
    found: Days = np.floor(reference + np.log(ordinals / begun) / growth * YEAR).astype(np.int64)
    return found


def _same_day_later(days: Days, years: Ints) -> Days:
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day_of_month = dates - months.astype("datetime64[D]")
    found: Days = ((months + 12 * years).astype("datetime64[D]") + day_of_month).astype(np.int64)
    return found


def _origins(p: dict[str, Any], numbers: Floats) -> NDArray[np.int8]:
    edges = [p["unknown_country"], p["unknown_country"] + p["other_country"]]
    place = np.searchsorted(edges, numbers, side="right")
    return np.array([UNKNOWN_COUNTRY, OTHER_COUNTRY, MARKET], np.int8)[place]


def _returns(
    starts: Days, ends: Days, origin: NDArray[np.int8], p: dict[str, Any], seed: int
) -> tuple[Ints, Ints]:
    """Which memberships are a seller's first, and which one is its second (-1 for none).

    A returning membership takes the longest lapsed seller that fits; no seller comes twice.
    """
    soonest, latest = p["return_after_days"]
    wants = generator(seed, _LOOSE, 1).random(len(starts)) < p["returning"]
    wants &= origin == MARKET
    by_end = np.argsort(ends, kind="stable")
    again = np.full(len(starts), -1, np.int64)
    is_second = np.zeros(len(starts), bool)
    lapsed: deque[int] = deque()
    ended = 0
    for this in np.flatnonzero(wants):
        while ended < len(by_end) and ends[by_end[ended]] <= starts[this] - soonest:
            if origin[by_end[ended]] == MARKET and not is_second[by_end[ended]]:
                lapsed.append(int(by_end[ended]))
            ended += 1
        while lapsed and ends[lapsed[0]] < starts[this] - latest:
            lapsed.popleft()
        if lapsed:
            again[lapsed.popleft()] = this
            is_second[this] = True
    first = np.flatnonzero(~is_second)
    return first, again[first]


def _described(
    parameters: Parameters,
    seed: int,
    origin: NDArray[np.int8],
    is_free: Mask,
    paid_from: Days,
    paid_to: Days,
    stay_from: Days,
    stay_to: Days,
) -> Sellers:
    p = parameters.numbers["sellers"]
    n = len(origin)
    even = evenly(n, 4, seed, _EVEN + 10)
    loose = generator(seed, _LOOSE, 2)

    keys = [place.city_key for place in parameters.places]
    cities = np.array([keys.index(key) for key in p["cities"]])[
        Weighted(list(p["cities"].values())).pick(even[:, 0])
    ]
    strays = loose.random(n)
    cities[strays < p["no_city"]] = NO_CITY
    stray = (strays >= p["no_city"]) & (strays < p["no_city"] + p["city_not_in_gazetteer"])
    cities[stray] = NOT_IN_GAZETTEER
    tops = np.array([parameters.top_categories.index(top) for top in p["top_categories"]])[
        Weighted(list(p["top_categories"].values())).pick(even[:, 1])
    ]
    partners = len(parameters.words["partners"]["names"])
    others = Weighted([other["weight"] for other in p["other_countries"]])
    # Sizes differ, but no seller is so large that its leaving shakes the census of a small scale.
    weight = np.exp(0.6 * (2 * even[:, 2] - 1)) * np.exp(0.3 * np.sin(7 * even[:, 3]))
    weight[loose.random(n) < p["without_listings"]] = 0.0
    weight[is_free] *= parameters.numbers["listings"]["free_seller_weight"]
    which_country = loose.random(n)
    twin_of = np.where(loose.random(n) < p["second_storefront"], np.arange(n) - 1, -1)
    twin_of[(origin != MARKET) | (np.roll(origin, 1) != MARKET) | (np.roll(twin_of, 1) >= 0)] = -1
    twins = twin_of >= 0
    cities[twins] = cities[twin_of[twins]]
    tops[twins] = tops[twin_of[twins]]
    first = whereabouts(origin, cities, others, which_country)
    later, moves_on = moved(p, seed, first, cities, others, stay_from, stay_to)
    return Sellers(
        first=first,
        later=later,
        moves_on=moves_on,
        top_category=tops,
        membership=Weighted(list(p["memberships"].values())).pick(loose.random(n)),
        partner=np.where(loose.random(n) < p["direct"], -1, loose.integers(0, partners, n)),
        weight=weight,
        twin_of=twin_of,
        paid_from=paid_from,
        paid_to=paid_to,
        stay_from=stay_from,
        stay_to=stay_to,
    )
