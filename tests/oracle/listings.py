"""The right content of the report tables on listings."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.oracle.ground import (
    Ground,
    Row,
    cells_of,
    head,
    measure,
    ratio,
    rounded,
    symbol_of,
    withheld,
)
from tests.oracle.ledger import Edition, is_partial
from tests.oracle.withheld import is_closed, is_few, is_split_few, withheld_of
from transforms.sample.universe.clock import as_date, day_number
from transforms.sample.universe.draw import Floats, Ints
from transforms.sample.universe.sellers import Mask

BASE_UNITS = {"count": "piece", "mass": "kilogram"}
PARTS = ("complete", "price", "ask_price", "moq", "leaf_category")
FLOWS = ("new", "returned", "dropped")


class ListingTables(Ground):
    NAMES = (
        "listing_stock",
        "listing_stock_by_month",
        "listing_flow",
        "listings_per_seller",
        "listing_completeness",
        "price_level",
        "moq_level",
        "ready_to_ship",
    )

    def listing_stock(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        row = head(edition, night)
        for name, counts in (
            ("live_listings", self.ledger.live),
            ("listings_ever", self.ledger.ever),
        ):
            count, coverage = self._stock(edition, counts, night)
            row |= measure(name, edition, night, count, count, None, coverage)
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
                row |= measure(name, edition, night, None, None, None, None)
            return [row]
        without = int((each == 0).sum())
        few = is_few(len(each))
        few_without = few or is_split_few(without, len(each))
        for name, value, numerator, is_withheld in (
            (names[0], float(np.quantile(each, 0.5)), len(each), few),
            (names[1], float(np.quantile(each, 0.9)), len(each), few),
            (names[2], without / len(each), without, few_without),
        ):
            row |= measure(name, edition, night, value, numerator, len(each), coverage)
            if is_withheld:
                row |= {name: None, f"{name}_numerator": None, f"{name}_symbol": "c"}
            if few:
                withheld(row, name)
        return [row]

    def listing_completeness(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        if night is None or not self.can_tell(edition):
            return [{**_share(edition, night, None, None, None), "part": p} for p in PARTS]
        offered = self.ledger.offered[night]
        price = ~np.isnan(offered.terms.price) | offered.terms.is_asked
        moq = np.array([bool(order["text"]) for order in self._orders])[offered.terms.order]
        leaf = offered.top_category >= 0  # the universe files listings under leaves only
        parts = (price & moq & leaf, price, offered.terms.is_asked, moq, leaf)
        known = self.known(edition)
        ours = known.market[offered.seller]
        coverage = ratio(known.country[offered.seller].sum(), len(ours))
        return [
            {**_share(edition, night, has[ours], offered.seller[ours], coverage), "part": part}
            for part, has in zip(PARTS, parts, strict=True)
        ]

    def ready_to_ship(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        if night is None or not self.can_tell(edition):
            return [_share(edition, night, None, None, None)]
        offered = self.ledger.offered[night]
        ours = self.known(edition).market[offered.seller]
        # Every listing of the universe says whether it is.
        is_ready = offered.terms.is_rts[ours]
        return [_share(edition, night, is_ready, offered.seller[ours], 1.0)]

    def price_level(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        names = ("price_median_usd", "price_lower_quartile_usd", "price_upper_quartile_usd")
        if night is None or not self.can_tell(edition):
            return [_no_level(edition, night, names, ("price_unit",))]
        terms = self.ledger.offered[night].terms
        unit = np.where(terms.price_unit > 0, terms.price_unit, -1)
        keys = [(name,) for name in terms.units]
        return self._levels(edition, night, names, ("price_unit",), keys, unit, terms.price)

    def moq_level(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        names = ("moq_median", "moq_lower_quartile", "moq_upper_quartile")
        key = ("moq_unit_dimension", "base_unit")
        if night is None or not self.can_tell(edition):
            return [_no_level(edition, night, names, key)]
        order = self.ledger.offered[night].terms.order
        dimensions = list(BASE_UNITS)
        base = np.array([o.get("base", np.nan) for o in self._orders], np.float64)
        place = np.array(
            [dimensions.index(o["dimension"]) if "dimension" in o else -1 for o in self._orders]
        )
        keys = list(BASE_UNITS.items())
        return self._levels(edition, night, names, key, keys, place[order], base[order])

    @property
    def _orders(self) -> list[dict[str, Any]]:
        orders: list[dict[str, Any]] = self.parameters.words["listings"]["terms"]["moq"]
        return orders

    def _levels(
        self,
        edition: Edition,
        night: int,
        names: tuple[str, ...],
        key: tuple[str, ...],
        keys: Sequence[tuple[str, ...]],
        unit: Ints,
        value: Floats,
    ) -> list[Row]:
        """Median and quartiles of the market's live listings by top category and unit (a position
        in `keys`, -1 for one that is not known)."""
        offered = self.ledger.offered[night]
        all_ours = self.known(edition).market[offered.seller]
        ours = all_ours & (offered.top_category >= 0)
        seller, top = offered.seller[ours], offered.top_category[ours]
        unit, value = unit[ours], value[ours]
        categories = self.categories()
        every = {categories[cell][0]: found for cell, found in cells_of(seller, top).items()}
        of_table = withheld_of(every)
        everybody = cells_of(offered.seller[all_ours], offered.top_category[all_ours])
        if is_closed(everybody.values(), set(every), of_table):
            of_table = set(every)
        rows = []
        for place in np.unique(top).tolist():
            inside = (top == place) & (unit >= 0)
            cells = cells_of(seller[inside], unit[inside])
            few = withheld_of({keys[u][0]: cell for u, cell in cells.items()})
            total = int((top == place).sum())
            for cell, (count, _) in cells.items():
                is_withheld = categories[place][0] in of_table or keys[cell][0] in few
                found = np.quantile(value[inside & (unit == cell)], (0.5, 0.25, 0.75)).tolist()
                figures: Row = {
                    **{name: rounded(x) for name, x in zip(names, found, strict=True)},
                    "numerator": count,
                    "denominator": total,
                    "coverage": ratio(inside.sum(), total),
                }
                rows.append(
                    {
                        **head(edition, night),
                        **dict(
                            zip(("top_category_id", "category"), categories[place], strict=True)
                        ),
                        **dict(zip(key, keys[cell], strict=True)),
                        **(dict.fromkeys(figures) if is_withheld else figures),
                        "symbol": "c" if is_withheld else symbol_of(count),
                    }
                )
        return rows or [_no_level(edition, night, names, key)]


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


def _share(
    edition: Edition,
    night: int | None,
    has: Mask | None,
    seller: NDArray[np.int64] | None,
    coverage: float | None,
) -> Row:
    """Share of the listings that have something, withheld where few sellers' have it or lack it."""
    row: Row = {
        **head(edition, night),
        "share": None,
        "numerator": None,
        "denominator": None,
        "coverage": None,
        "symbol": "x",
    }
    if has is None or seller is None or not len(has):
        return row
    if is_few(seller):
        return row | {"symbol": "c"}
    row |= {"denominator": len(has), "coverage": coverage}
    if is_few(seller[has]) or is_few(seller[~has]):
        return row | {"symbol": "c"}
    count = int(has.sum())
    shown = {"share": ratio(count, len(has)), "numerator": count}
    return row | shown | {"symbol": symbol_of(count)}


def _no_level(
    edition: Edition, night: int | None, names: tuple[str, ...], key: tuple[str, ...]
) -> Row:
    """The one row of a table of levels in which nothing can be told."""
    nothing = dict.fromkeys((*key, *names, "numerator", "denominator", "coverage"))
    named = {"top_category_id": "not_available", "category": "Not available"}
    return {**head(edition, night), **named, **nothing, "symbol": "x"}
