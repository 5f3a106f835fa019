"""The truth about listings: how many there are, of what, by whom, and how they come and go."""

from datetime import date
from typing import ClassVar

import numpy as np

from tests.oracle.ground import Ground
from tests.oracle.ledger import Edition, is_partial
from tests.oracle.rows import (
    Row,
    cells_of,
    head,
    measure,
    not_available,
    ratio,
    shares,
    symbol_of,
    withheld,
)
from tests.oracle.withheld import is_few, is_split_few
from transforms.sample.universe.clock import as_date, day_number
from transforms.sample.universe.draw import Ints

FLOWS = ("new", "returned", "dropped")


class ListingTables(Ground):
    """One method per table, each giving the rows of one edition."""

    NAMES: ClassVar[tuple[str, ...]] = (
        "listings_by_category",
        "listings_by_city",
        "listing_stock",
        "listing_stock_by_month",
        "listing_flow",
        "listings_per_seller",
    )

    def listings_by_category(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        names = ("top_category_id", "category")
        if night is None or not self.can_tell(edition):
            return not_available(edition, night, names)
        offered = self.ledger.offered[night]
        ours = self.known(edition).market[offered.seller]
        cells = cells_of(offered.seller[ours], offered.top_category[ours])
        return shares(edition, night, names, self.categories(), cells, of_known=True)

    def listings_by_city(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        if night is None or not self.can_tell(edition):
            return not_available(edition, night, ("city_key", "city"))
        known = self.known(edition)
        sellers = self.ledger.offered[night].seller
        sellers = sellers[known.market[sellers]]
        cells = cells_of(sellers, known.city[sellers])
        keys: list[tuple[str, ...]] = [(p.city_key, p.city) for p in self.parameters.places]
        return shares(edition, night, ("city_key", "city"), keys, cells, of_known=True)

    def listing_stock(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        row = head(edition, night)
        for name, counts in (
            ("live_listings", self.ledger.live),
            ("listings_ever", self.ledger.ever),
        ):
            count, coverage = self._stock(edition, counts, night)
            row |= measure(name, count, count, None, coverage)
        if night is not None and self._is_live_few(edition, night):
            withheld(row, "live_listings")
        if night is not None and self._is_ever_withheld(edition, night):
            withheld(row, "listings_ever")
        return [row]

    def _is_live_few(self, edition: Edition, night: int) -> bool:
        market = self.known(edition).market
        return is_few(int((self.ledger.live[night][market] > 0).sum()))

    def _is_ever_withheld(self, edition: Edition, night: int) -> bool:
        market = self.known(edition).market
        few = is_few(int((self.ledger.ever[night][market] > 0).sum()))
        return few or self.were_few_new(edition, night)

    def listing_stock_by_month(self, edition: Edition) -> list[Row]:
        as_of = edition.as_of["listings"]
        rows = []
        for month in _months(edition):
            night = self.ledger.turnover.closed_on.get(month) if month else None
            count, coverage = self._stock(edition, self.ledger.live, night)
            is_withheld = night is not None and self._is_live_few(edition, night)
            if is_withheld:
                count, coverage = None, None
            rows.append(
                {
                    **head(edition, as_of),
                    "month": f"{month}" if month else None,
                    "census_on": None if night is None else f"{as_date(night)}",
                    "live_listings": count,
                    "numerator": count,
                    "denominator": None,
                    "coverage": coverage,
                    "symbol": "c" if is_withheld else symbol_of(count),
                }
            )
        return rows

    def _stock(
        self, edition: Edition, counts: dict[int, Ints], night: int | None
    ) -> tuple[int | None, float | None]:
        """Listings of the market at a census that closes a month, and the coverage of that."""
        if night is None or not self.can_tell(edition):
            return None, None
        by_seller, known = counts[night], self.known(edition)
        coverage = ratio(by_seller[known.country].sum(), by_seller.sum())
        return int(by_seller[known.market].sum()), coverage

    def listing_flow(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        can_tell, known = self.can_tell(edition), self.known(edition)
        rows = []
        turnover = self.ledger.turnover.months if can_tell else {}
        is_gap = any(month not in turnover for month in _months(edition))
        for month in _months(edition):
            told = turnover.get(month) if month else None
            days = None if month is None else (_after(month) - month).days
            covered = (told.closed_on - day_number(month) + 1) if told and month else 0
            came_and_went: dict[str, Ints] = {
                flow: seller[known.market[seller]]
                for flow in FLOWS
                if told
                for seller in [getattr(told, flow)]
            }
            # The stock before and after would give away one of the three.
            few = any(map(is_few, came_and_went.values()))
            for flow in FLOWS:
                row = {
                    **head(edition, night),
                    "is_partial": is_gap or is_partial(edition, night),
                    "days": days,
                    "days_covered": covered if month else None,
                    "month": f"{month}" if month else None,
                    "flow": flow,
                    "flow_from": None,
                    "flow_to": None,
                    "listings": None,
                    "numerator": None,
                    "denominator": None,
                    "coverage": None,
                    "symbol": "x",
                }
                if told:
                    seller: Ints = getattr(told, flow)
                    count = None if few else len(came_and_went[flow])
                    row |= {
                        "flow_from": f"{as_date(told.opened_on)}",
                        "flow_to": f"{as_date(told.closed_on)}",
                        "listings": count,
                        "numerator": count,
                        "coverage": ratio(known.country[seller].sum(), len(seller)),
                        "symbol": "c" if few else symbol_of(count),
                    }
                rows.append(row)
        return rows

    def listings_per_seller(self, edition: Edition) -> list[Row]:
        night, listings_night = edition.as_of["sellers"], edition.as_of["listings"]
        names = ("median_listings", "p90_listings", "no_listings_share")
        row = head(edition, night)
        each: Ints = np.zeros(0, np.int64)
        coverage = None
        if night is not None and listings_night is not None:
            paid = self.payers(night)
            seller = self.ledger.offered[listings_night].seller
            each = np.bincount(seller, minlength=len(self.sellers))[paid]
            coverage = self.seller_coverage(night)
        if not len(each):
            for name in names:
                row |= measure(name)
            return [row]
        without = int((each == 0).sum())
        few = is_few(len(each))
        few_without = few or is_split_few(without, len(each))
        for name, value, numerator, is_withheld in (
            (names[0], float(np.quantile(each, 0.5)), len(each), few),
            (names[1], float(np.quantile(each, 0.9)), len(each), few),
            (names[2], without / len(each), without, few_without),
        ):
            row |= measure(name, value, numerator, len(each), coverage)
            if is_withheld:
                row |= {name: None, f"{name}_numerator": None, f"{name}_symbol": "c"}
            if few:
                withheld(row, name)
        return [row]


def _months(edition: Edition) -> list[date | None]:
    """First days of the months of an edition, up to its last census of listings; without one a
    single None."""
    night = edition.as_of["listings"]
    if night is None:
        return [None]
    found: list[date | None] = []
    month = edition.period_from
    while month <= as_date(night):
        found.append(month)
        month = _after(month)
    return found


def _after(month: date) -> date:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
