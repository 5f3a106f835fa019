"""Where sellers are, and where some of them are to be found later."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transforms.sample.universe.draw import Floats, Ints, Weighted, generator

Days = NDArray[np.int64]

NEVER = 2**30  # first day of a stretch that does not exist; its last day is -1
MARKET, OTHER_COUNTRY, UNKNOWN_COUNTRY = 0, 1, 2
NO_CITY, NOT_IN_GAZETTEER = -1, -2

_MOVES = 104  # stream of random numbers


@dataclass(frozen=True)
class Whereabouts:
    """One element per seller. `city` is a position in the gazetteer, NO_CITY or NOT_IN_GAZETTEER,
    `country` one in the list of other countries (-1 for the market and the unknown country)."""

    origin: NDArray[np.int8]
    country: Ints
    city: Ints


def whereabouts(
    origin: NDArray[np.int8], city: Ints, others: Weighted, numbers: Floats
) -> Whereabouts:
    """Those of another country are given one; only the market's sellers have a city."""
    country = np.where(origin == OTHER_COUNTRY, others.pick(numbers), -1)
    return Whereabouts(origin, country, np.where(origin == MARKET, city, NO_CITY))


def moved(
    p: dict[str, Any],
    seed: int,
    first: Whereabouts,
    cities: Ints,
    others: Weighted,
    stay_from: Days,
    stay_to: Days,
) -> tuple[Whereabouts, Days]:
    """Where the sellers are afterwards, and the day that is so from; NEVER for those who stay.

    Some of the market's sellers go to another country or to another of its cities; some of the
    others, and some of which no country was known, turn out to be of the market.
    """
    n = len(first.origin)
    loose = generator(seed, _MOVES)
    draw = loose.random(n)
    ours = first.origin == MARKET
    leaves = ours & (draw < p["moves_out"])
    comes = ~ours & (draw < p["moves_in"])
    elsewhere = ours & (draw >= 1 - p["moves_city"])
    origin = np.where(leaves, OTHER_COUNTRY, np.where(comes, MARKET, first.origin)).astype(np.int8)
    named = np.unique(cities[cities >= 0])
    place = loose.integers(0, len(named), n)
    another = np.where(named[place] == first.city, named[(place + 1) % len(named)], named[place])
    like_others = cities[loose.integers(0, n, n)]
    city = np.where(elsewhere, another, np.where(comes, like_others, first.city))
    then = whereabouts(origin, city, others, loose.random(n))
    stays = ~(leaves | comes | elsewhere)
    country = np.where(stays, first.country, then.country)
    # Not in its first days nor in its last: it must have been seen on both sides.
    last = stay_to.max(axis=1)
    share = 0.1 + 0.8 * loose.random(n)
    day = stay_from[:, 0] + (share * (last - stay_from[:, 0])).astype(np.int64)
    return Whereabouts(then.origin, country, then.city), np.where(stays, NEVER, day)
