"""Which listings came and went in a month, told from the good nights that closed it."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from transforms.sample.universe.clock import as_date
from transforms.sample.universe.draw import Ints, Keys
from transforms.sample.universe.listings import Listings


@dataclass(frozen=True)
class Month:
    """Sellers of the listings that came for the first time, came back and went, one element per
    listing, between the last good nights of the month before and of this one (day numbers)."""

    opened_on: int
    closed_on: int
    new: Ints
    returned: Ints
    dropped: Ints


class Turnover:
    """Filled with every good night of listings, in order; the last one of a month closes it."""

    def __init__(self, good_nights: list[int]) -> None:
        self.closed_on = {_month(n): n for n in good_nights}
        self.closing = set(self.closed_on.values())
        self._opened_on: int | None = None
        self._key: Keys = np.zeros(0, np.uint64)
        self._seller: Ints = np.zeros(0, np.int64)
        self._seen: Keys = np.zeros(0, np.uint64)  # on any good night
        self._seen_before: Keys = self._seen  # the month
        self.months: dict[date, Month] = {}

    def add(self, night: int, listings: Listings) -> Listings:
        """Takes all listings of a night, and gives those that no night before had shown."""
        new = listings.take(~_within(listings.key, self._seen))
        self._seen = np.sort(np.concatenate([self._seen, new.key]))
        if night in self.closing:
            self._close(night, listings)
        return new

    def _close(self, night: int, listings: Listings) -> None:
        month = _month(night)
        order = np.argsort(listings.key)
        key, seller = listings.key[order], listings.seller[order]
        before = self._opened_on
        if before is not None and _month(before) == _before(month):
            came, went = ~_within(key, self._key), ~_within(self._key, key)
            is_first = ~_within(key, self._seen_before)
            self.months[month] = Month(
                before, night, seller[came & is_first], seller[came & ~is_first], self._seller[went]
            )
        self._opened_on, self._key, self._seller = night, key, seller
        self._seen_before = self._seen


def _within(keys: Keys, others: Keys) -> NDArray[np.bool_]:
    """Which keys are among the others, which are in order."""
    if not len(others):
        return np.zeros(len(keys), bool)
    place = np.minimum(np.searchsorted(others, keys), len(others) - 1)
    found: NDArray[np.bool_] = others[place] == keys
    return found


def _month(night: int) -> date:
    return as_date(night).replace(day=1)


def _before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)
