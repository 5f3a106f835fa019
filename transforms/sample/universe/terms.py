"""Prices and minimum orders of listings: what they say on any night."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transforms.sample.universe.draw import (
    Floats,
    Ints,
    Keys,
    Weighted,
    below,
    generator,
    noise,
    unit,
)
from transforms.sample.universe.listings import Listings
from transforms.sample.universe.parameters import Parameters
from transforms.sample.universe.sellers import Mask

ASK = "Ask Price"
READY = 0.2  # of the listings are ready to ship
VARIANTS = 8  # prices that a listing moves among

_TERMS, _PRICE, _CHANGE, _VARIANT, _UNIT = 23, 24, 25, 26, 29  # streams of random numbers
_TERM_COUNT, _PRICE_COUNT = 16_384, 1_024


@dataclass(frozen=True)
class Terms:
    """What listings say of their price and minimum order, one element per listing.

    `price` is the lowest one in US dollars, NaN where none is stated; `price_unit` the position
    in `units` of what it is for (0 is "": not said) and `order` that of the minimum order among
    the parameters' words.
    """

    price: Floats
    is_asked: Mask
    price_unit: NDArray[np.int8]
    order: NDArray[np.int8]
    is_rts: Mask
    units: tuple[str, ...]


class TermsMaker:
    """Says on what terms listings are offered on any night."""

    def __init__(self, parameters: Parameters, seed: int) -> None:
        self._p = parameters.numbers["listings"]
        self.words: dict[str, Any] = parameters.words["listings"]["terms"]
        self._seed = seed

    def terms(self, listings: Listings, day: int) -> Terms:
        """What these listings say on that night."""
        version, _ = self._version(listings, day)
        price, term = self._price(listings.noise, version), self._term(listings.noise)
        low, is_asked = self._lows
        # What is no price is not for any unit either.
        unit_ = np.where(np.isnan(low[price]), 0, self._price_unit(listings.noise, term))
        return Terms(
            price=low[price],
            is_asked=is_asked[price],
            price_unit=unit_.astype(np.int8),
            order=self.orders[term].astype(np.int8),
            is_rts=self.draws[term, 2] < READY,
            units=("", *(name.lower() for name in self.units)),
        )

    def places(self, listings: Listings, day: int) -> tuple[Ints, Ints, Ints]:
        """Which of all prices (by unit, then `price_list`) and which of the terms (`draws`) each
        listing has that night, and since when."""
        term = self._term(listings.noise)
        version, changed = self._version(listings, day)
        block = self._price_unit(listings.noise, term) * (_PRICE_COUNT * VARIANTS)
        return block + self._price(listings.noise, version), term, changed

    def _version(self, listings: Listings, day: int) -> tuple[Ints, Ints]:
        """How often the price has changed, and the day of the last change.

        Every listing changes at a pace of its own, so that any night's price can be told
        without a walk through the nights before.
        """
        shortest, longest = self._p["change_every_days"]
        draws = noise(listings.noise, _CHANGE)
        pace = shortest + below(draws, longest - shortest + 1)
        offset = below(noise(draws, _CHANGE), pace)
        version = (day + offset) // pace
        return version, np.maximum(version * pace - offset, listings.made)

    def _price(self, draws: Keys, version: Ints) -> Ints:
        """Which of the prices each listing has: a block, and one of its variants."""
        variant = below(noise(draws ^ version.astype(np.uint64), _VARIANT), VARIANTS)
        return below(noise(draws, _PRICE), _PRICE_COUNT) * VARIANTS + variant

    def _term(self, draws: Keys) -> Ints:
        return below(noise(draws, _TERMS), _TERM_COUNT)

    def _price_unit(self, draws: Keys, term: Ints) -> Ints:
        """The unit that a price is stated for, that of the minimum order; 0 where it names none."""
        names = [order.get("unit") for order in self.words["moq"]]
        place = np.array([self.units.index(name) + 1 if name else 0 for name in names])
        is_named = unit(noise(draws, _UNIT)) < self._p["price_unit"]
        return np.where(is_named, place[self.orders[term]], 0)

    @cached_property
    def units(self) -> list[str]:
        return sorted({order["unit"] for order in self.words["moq"] if "unit" in order})

    @cached_property
    def _lows(self) -> tuple[Floats, Mask]:
        """Lowest price of each, NaN where none is stated, and where it is to be asked for."""
        low = np.array([np.nan if low is None else low for _, low in self.price_list])
        return low, np.array([price == ASK for price, _ in self.price_list])

    @cached_property
    def price_list(self) -> list[tuple[str, float | None]]:
        """Blocks of VARIANTS prices near each other, each as written and its lowest one."""
        rng = generator(self._seed, _PRICE)
        forms = Weighted([0.30, 0.20, 0.20, 0.15, 0.11, 0.04]).pick(rng.random(_PRICE_COUNT))
        heights = 10 ** rng.uniform(-0.5, 3.2, _PRICE_COUNT)
        width = rng.uniform(1.05, 2.0, _PRICE_COUNT)
        unclear = rng.random(_PRICE_COUNT) < 0.016
        prices: list[tuple[str, float | None]] = []
        for form, height, wide, odd in zip(forms, heights, width, unclear, strict=True):
            block = [
                _price(int(form), height * (0.86 + 0.04 * variant), wide)
                for variant in range(VARIANTS)
            ]
            if odd:
                block[-1] = ("call us", None)
            prices += block
        return prices

    @cached_property
    def draws(self) -> Floats:
        return generator(self._seed, _TERMS).random((_TERM_COUNT, 7))

    @cached_property
    def orders(self) -> Ints:
        """Position of each term's minimum order."""
        return (self.draws[:, 0] * len(self.words["moq"])).astype(np.int64)


def _price(form: int, low: float, wide: float) -> tuple[str, float | None]:
    """A price as written, and its lowest one as it then reads."""
    high = low * wide
    if form == 0:
        return f"${low:,.2f}-{high:,.2f}", float(f"{low:.2f}")
    if form == 1:
        return f"${low:.2f}-${high:.2f}", float(f"{low:.2f}")
    if form == 2:
        return f"${low:.1f}", float(f"{low:.1f}")
    if form == 3:
        return f"${max(low, 1):,.0f}-{max(high, 2):,.0f}", float(f"{max(low, 1):.0f}")
    if form == 4:
        return f"${low:.2f}-{max(high, low + 1):.0f}", float(f"{low:.2f}")
    return ASK, None
