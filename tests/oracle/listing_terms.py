"""The truth about the terms of listings: whether they state them, prices, minimum orders."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tests.oracle.ground import Ground
from tests.oracle.ledger import Edition
from tests.oracle.rows import Row, cells_of, head, ratio, rounded, symbol_of
from tests.oracle.withheld import is_closed, is_few, withheld_of
from transforms.sample.universe.draw import Floats, Ints
from transforms.sample.universe.sellers import Mask

BASE_UNITS = {"count": "piece", "mass": "kilogram"}

PARTS = ("complete", "price", "ask_price", "moq", "leaf_category")


class ListingTermsTables(Ground):
    """One method per table, each giving the rows of one edition."""

    NAMES: ClassVar[tuple[str, ...]] = (
        "listing_completeness",
        "price_level",
        "moq_level",
        "ready_to_ship",
    )

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
