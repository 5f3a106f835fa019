"""The listings of the universe, made month by month, and the stock of them night by night."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from transforms.sample.universe import clock
from transforms.sample.universe.draw import Floats, Ints, Keys, Weighted, below, mix, noise, unit
from transforms.sample.universe.moves import NEVER
from transforms.sample.universe.parameters import Parameters
from transforms.sample.universe.sellers import Mask, Sellers

POSITION_BITS = 24  # of a listing's key; the month it was made in stands above them

# Streams of random numbers, one per property of a listing.
_MADE, _LIFE, _AWAY, _LEAF, _OTHER_LEAF, _UNKNOWN, _STATUS, _DISPLAY = range(1, 9)


@dataclass(frozen=True)
class Listings:
    """One element per listing. Live: made <= night < removed, and not away on that night."""

    key: Keys  # month and position in it: nothing else is needed to know all about a listing
    noise: Keys
    seller: Ints
    made: Ints
    removed: Ints
    away_from: Ints
    away_until: Ints

    def __len__(self) -> int:
        return len(self.key)

    def take(self, which: Ints | Mask) -> "Listings":
        return Listings(*(getattr(self, field.name)[which] for field in fields(self)))

    def is_up(self, day: int) -> Mask:
        away = (self.away_from <= day) & (day < self.away_until)
        return (self.made <= day) & (day < self.removed) & ~away


def joined(parts: list[Listings]) -> Listings:
    return Listings(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Listings))
    )


class Maker:
    """Makes the listings of any month, and says what they are."""

    def __init__(self, parameters: Parameters, sellers: Sellers, scale: float, seed: int) -> None:
        self.parameters = parameters
        self.sellers = sellers
        self.seed = seed
        p = parameters.numbers["listings"]
        # A stay is a stretch of days in which a seller puts up listings, evenly.
        who, which = np.nonzero((sellers.stay_to >= 0) & (sellers.weight[:, None] > 0))
        self._who = who
        self._from = sellers.stay_from[who, which]
        self._until = sellers.stay_to[who, which] + 1
        weight = sellers.weight[who]
        reference = clock.day_number(parameters.numbers["sellers"]["reference"])
        days = np.clip(np.minimum(self._until, reference + 1) - self._from, 0, None)
        self._a_day = weight * (p["made"] * scale / float((weight * days).sum()))
        keys = np.arange(len(who), dtype=np.uint64)
        self._head_start = unit(noise(keys, seed, _MADE))

    def month(self, month: int) -> Listings:
        """The listings that were made in one month, in order of their sellers."""
        p = self.parameters.numbers["listings"]
        first, end = clock.month_start(month), clock.month_start(month + 1)
        near = np.flatnonzero((self._from < end) & (self._until > first))
        opens = np.maximum(self._from[near], first)
        closes = np.minimum(self._until[near], end)
        before = self._made_by(near, opens)
        counts = self._made_by(near, closes) - before
        nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        key = (np.uint64(month) << np.uint64(POSITION_BITS)) + np.arange(len(nth), dtype=np.uint64)
        hashed = noise(key, self.seed)
        share = (nth + unit(noise(hashed, _MADE))) / np.repeat(counts, counts)
        made = np.repeat(opens, counts) + (share * np.repeat(closes - opens, counts)).astype(
            np.int64
        )
        life = np.ceil(-np.log(1 - unit(noise(hashed, _LIFE))) * p["life_days"])
        life = np.clip(life, 1, p["longest_life_days"]).astype(np.int64)
        away = noise(hashed, _AWAY)
        is_away = unit(away) < p["away"]
        away = mix(away)
        away_from = made + 1 + (unit(away) * life).astype(np.int64)
        shortest, longest = p["away_days"]
        away_days = shortest + below(mix(away), longest - shortest + 1)
        return Listings(
            key=key,
            noise=hashed,
            seller=np.repeat(self._who[near], counts),
            made=made,
            removed=made + life,
            away_from=np.where(is_away, away_from, NEVER),
            away_until=np.where(is_away, away_from + away_days, -1),
        )

    def made_until(self, day: int) -> int:
        """How many listings were ever made, up to that day."""
        closes = np.clip(day + 1, self._from, self._until)
        everyone = np.arange(len(self._who))
        return int(self._made_by(everyone, closes).sum())

    def _made_by(self, stays: Ints, day: Ints) -> Ints:
        days = day - self._from[stays]
        found: Ints = np.floor(self._a_day[stays] * days + self._head_start[stays]).astype(np.int64)
        return found

    def a_product_of(self, sellers: Ints, month: int, numbers: Floats) -> Keys:
        """For each seller one of the listings it made in that month, as keys; 0 for none."""
        listings = self._by_seller(month)
        low = np.searchsorted(listings.seller, sellers, side="left")
        high = np.searchsorted(listings.seller, sellers, side="right")
        place = np.minimum(low + (numbers * (high - low)).astype(np.int64), len(listings) - 1)
        if not len(listings):
            return np.zeros(len(sellers), np.uint64)
        return np.where(high > low, listings.key[place], np.uint64(0))

    @cached_property
    def _months_by_seller(self) -> dict[int, Listings]:
        return {}

    def _by_seller(self, month: int) -> Listings:
        known = self._months_by_seller
        if month not in known:
            known.clear()
            listings = self.month(month)
            known[month] = listings.take(np.argsort(listings.seller, kind="stable"))
        return known[month]

    @cached_property
    def _leaf_tops(self) -> NDArray[np.int64]:
        return np.array([top for _, top in self.parameters.leaves])

    def leaf(self, listings: Listings) -> Ints:
        """Position of each listing's leaf category; -1 for one that nobody knows."""
        p = self.parameters.numbers["listings"]
        tops = self._leaf_tops
        main = self.sellers.top_category[listings.seller]
        first = np.searchsorted(tops, main, side="left")
        size = np.searchsorted(tops, main, side="right") - first
        inside = unit(noise(listings.noise, _LEAF)) < p["under_main_category"]
        numbers = noise(listings.noise, _OTHER_LEAF)
        own = first + below(numbers, size)
        elsewhere = (first + size + below(numbers, len(tops) - size)) % len(tops)
        unknown = unit(noise(listings.noise, _UNKNOWN)) < p["unknown_category"]
        return np.where(unknown, -1, np.where(inside, own, elsewhere))

    def top_category(self, listings: Listings) -> Ints:
        """Position of each listing's top category; -1 for an unknown one."""
        leaf = self.leaf(listings)
        return np.where(leaf < 0, -1, self._leaf_tops[leaf])

    def status(self, listings: Listings) -> Ints:
        """Position in the parameters' statuses."""
        weights = list(self.parameters.numbers["listings"]["statuses"].values())
        return Weighted(weights).pick(unit(noise(listings.noise, _STATUS)))

    def is_displayed(self, listings: Listings) -> Mask:
        found: Mask = (
            unit(noise(listings.noise, _DISPLAY)) < self.parameters.numbers["listings"]["displayed"]
        )
        return found

    def is_offered(self, listings: Listings) -> Mask:
        """Approved and displayed: what the report calls a live listing."""
        approved = list(self.parameters.numbers["listings"]["statuses"]).index("approved")
        found: Mask = (self.status(listings) == approved) & self.is_displayed(listings)
        return found


class Stock:
    """The listings that stand in the census, night after night, with no more memory than that."""

    def __init__(self, maker: Maker, nights: list[int]) -> None:
        self._maker = maker
        self._nights = np.array(nights)
        longest = maker.parameters.numbers["listings"]["longest_life_days"]
        self._next_month = clock.month_of(int(nights[0]) - longest)
        self._held: Listings | None = None

    def on(self, day: int) -> tuple[Listings, Ints]:
        """All listings that may still be seen, and the positions of those live on that night.

        Nights must be asked for in order.
        """
        held = [] if self._held is None else [self._held]
        for month, _, _ in clock.months(clock.month_start(self._next_month), day):
            made = self._maker.month(month)
            # What no night of the sample falls on was never seen by anybody.
            seen = np.searchsorted(self._nights, made.made) < np.searchsorted(
                self._nights, made.removed
            )
            held.append(made.take(seen))
            self._next_month = month + 1
        stock = joined(held) if len(held) > 1 else held[0]
        self._held = stock.take(stock.removed > day)
        present = self._maker.sellers.present_on(day)
        return self._held, np.flatnonzero(self._held.is_up(day) & present[self._held.seller])


def product_ids(keys: Keys, id_classes: dict[str, float], seed: int) -> NDArray[np.int64]:
    """A number of 9 to 14 digits per listing, different for different listings."""
    names = list(id_classes)
    kind = Weighted(list(id_classes.values())).pick(unit(noise(keys, seed, 31)))
    odd = np.uint64(0x5DEECE66D)
    scattered = ((keys * odd) & np.uint64(2**36 - 1)).astype(np.int64)
    bases = {
        "thirteen": 1_600_000_000_000,
        "eleven": 30_000_000_000,
        "fourteen": 10_000_000_000_000,
    }
    base = np.array([bases.get(name, 200_000_000_000) for name in names])
    ids = base[kind] + scattered
    # Nine digits have room for 2^29 numbers: ten bits of month, nineteen of position.
    position = keys & np.uint64(2**POSITION_BITS - 1)
    month = (keys >> np.uint64(POSITION_BITS)) & np.uint64(2**10 - 1)
    short = (((month << np.uint64(19)) | position) * odd & np.uint64(2**29 - 1)).astype(np.int64)
    nine = (kind == names.index("nine")) & (position < np.uint64(2**19))
    return np.where(nine, 100_000_000 + short, ids)
