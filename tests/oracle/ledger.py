"""What the good nights of a sample showed of its universe: the ground that the truth stands on."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tests.oracle.turnover import Turnover
from transforms.sample.universe.clock import day_number
from transforms.sample.universe.deliveries import Rows, Universe
from transforms.sample.universe.dirt import Arrangement
from transforms.sample.universe.draw import Ints
from transforms.sample.universe.inquiries import Inquiries, joined
from transforms.sample.universe.listings import Listings
from transforms.sample.universe.metrics import COLUMNS, SILENT, Metrics
from transforms.sample.universe.nights import DATASETS, Night
from transforms.sample.universe.sellers import Mask
from transforms.sample.universe.terms import Terms, TermsMaker

Counts = dict[str, int | str | None]


@dataclass(frozen=True)
class Edition:
    """One report year. `as_of` is the last good night of each dataset within it, as a day number;
    None if there is none."""

    name: str
    year_basis: str
    period_from: date
    period_to: date
    as_of: dict[str, int | None]


@dataclass(frozen=True)
class Offered:
    """The live listings of one night: seller, top category (-1 unknown) and terms of each."""

    seller: Ints
    top_category: Ints
    terms: Terms


@dataclass(frozen=True)
class Visits:
    """One night's metrics by seller, added up over its listings that state any."""

    seller: Ints
    visitors: Ints
    inquiries: Ints
    is_stated: Mask


class Ledger:
    """What each of a universe's nights delivered, and what was known by then."""

    def __init__(self, universe: Universe) -> None:
        parameters, maker, nights = universe.parameters, universe.maker, universe.nights
        self._maker = maker
        self._terms = TermsMaker(parameters, universe.seed)
        self.good_seller_nights = [n.number for n in nights if n.is_good("sellers")]
        self.good_inquiry_nights = [n.number for n in nights if n.is_good("inquiries")]
        self.editions = editions(nights, parameters.fiscal_year_starts_in_month)
        self._listing_nights = {edition.as_of["listings"] for edition in self.editions}
        self.turnover = Turnover([n.number for n in nights if n.is_good("listings")])
        self.nights: dict[str, dict[str, Counts]] = {}
        self.offered: dict[int, Offered] = {}
        # Listings by seller at the census that closes a month: live, and ever seen.
        self.live: dict[int, Ints] = {}
        self.ever: dict[int, Ints] = {}
        self._ever: Ints = np.zeros(len(maker.sellers), np.int64)
        self.inquiry_nights = [(n.number, n.is_good("inquiries")) for n in nights]
        self.visits: dict[int, Visits] = {}
        self._metrics = Metrics(universe.seed)
        self._inquiries: list[Inquiries] = []
        self._delivered: list[Ints] = []
        for night, rows in universe.rows(nights):
            self._add(night, rows, universe.arrangements(night, rows))

    def _add(self, night: Night, rows: Rows, arranged: dict[str, Arrangement]) -> None:
        """What the night delivered, and what became known by it if it was good."""
        self.nights[f"{night.day}"] = {
            dataset: _counts(arranged.get(dataset), night.status(dataset)) for dataset in DATASETS
        }
        if night.number in self._listing_nights:
            live = rows.listings.take(self._maker.is_offered(rows.listings))
            self.offered[night.number] = Offered(
                live.seller, self._maker.top_category(live), self._terms.terms(live, night.number)
            )
        if night.is_good("listings"):
            self.visits[night.number] = self._visits(rows.listings, night.number)
            self._add_listings(night, rows.listings)
        if night.is_good("inquiries"):
            self._inquiries.append(rows.inquiries)
            self._delivered.append(np.full(len(rows.inquiries), night.number))

    def _visits(self, listings: Listings, day: int) -> Visits:
        figures = self._metrics.pool[self._metrics.of(listings, day)]
        seller, place = np.unique(listings.seller, return_inverse=True)

        def added(name: str) -> Ints:
            figure = figures[:, COLUMNS.index(name)]
            return np.bincount(place, np.where(figure == SILENT, 0, figure), len(seller)).astype(
                np.int64
            )

        stated = np.bincount(place, figures[:, 0] != SILENT, len(seller)) > 0
        return Visits(seller, added("visitors"), added("inquiries"), stated)

    def _add_listings(self, night: Night, listings: Listings) -> None:
        new = self.turnover.add(night.number, listings)
        self._ever += np.bincount(new.seller, minlength=len(self._ever))
        if night.number in self.turnover.closing:
            live = listings.seller[self._maker.is_offered(listings)]
            self.live[night.number] = np.bincount(live, minlength=len(self._ever))
            self.ever[night.number] = self._ever.copy()
        if night.number in self._listing_nights:
            self.ever[night.number] = self._ever.copy()

    def inquiries(self) -> tuple[Inquiries, Ints]:
        """Every inquiry delivered on a good night, once, and the night that brought it first."""
        every = joined(self._inquiries)
        _, first = np.unique(every.key, return_index=True)
        return every.take(first), np.concatenate(self._delivered)[first]

    def last_delivered(self) -> Ints:
        """The good night that brought each of those inquiries last."""
        every = joined(self._inquiries)
        _, place = np.unique(every.key, return_inverse=True)
        last = np.zeros(place.max(initial=-1) + 1, np.int64)
        np.maximum.at(last, place, np.concatenate(self._delivered))
        return last


def editions(nights: list[Night], fiscal_month: int) -> list[Edition]:
    """One edition for each fiscal and calendar year that holds a good night of anything."""
    found = []
    for basis, month in (("fiscal", fiscal_month), ("calendar", 1)):
        good = (night for night in nights if any(map(night.is_good, DATASETS)))
        years = {_year(night.day, month) for night in good}
        for year in sorted(years):
            opens = date(year if month == 1 else year - 1, month, 1)
            closes = opens.replace(year=opens.year + 1) - timedelta(1)
            within = [night for night in nights if opens <= night.day <= closes]
            as_of = {
                dataset: max((n.number for n in within if n.is_good(dataset)), default=None)
                for dataset in DATASETS
            }
            name = f"{'FY' if basis == 'fiscal' else 'CY'}{year}"
            found.append(Edition(name, basis, opens, closes, as_of))
    return found


def is_partial(edition: Edition, as_of: int | None) -> bool:
    return as_of is None or as_of < day_number(edition.period_to)


def _year(day: date, first_month: int) -> int:
    """The year a report year is named by: the one it ends in."""
    return day.year + (1 if first_month > 1 and day.month >= first_month else 0)


def _counts(arrangement: Arrangement | None, status: str) -> Counts:
    if arrangement is None:
        return {**dict.fromkeys(("in", "accepted", "rejected", "duplicate")), "status": status}
    return {**arrangement.counts(), "status": status}
