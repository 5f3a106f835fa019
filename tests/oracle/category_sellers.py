"""The truth about sellers that list in a category, whatever else they list."""

from typing import ClassVar

import numpy as np

from tests.oracle.ledger import Edition
from tests.oracle.rows import Row, head, ratio, symbol_of
from tests.oracle.sellers import SellerTables
from tests.oracle.withheld import FEWEST_SELLERS, is_few, is_split_few
from transforms.sample.universe.draw import Ints

UNKNOWN = ("unknown", "Unknown")
NOTHING = ("not_available", "Not available")
TOTAL = "all cities"

Category = tuple[tuple[str, ...], dict[int, int], dict[int, int], set[str]]


class CategorySellersTables(SellerTables):
    """One method per table, each giving the rows of one edition."""

    NAMES: ClassVar[tuple[str, ...]] = (
        "sellers_listing_in_category",
        "sellers_listing_in_category_by_city",
    )

    def sellers_listing_in_category(self, edition: Edition) -> list[Row]:
        night = edition.as_of["sellers"]
        if night is None or edition.as_of["listings"] is None:
            return [_row(edition, night, (*NOTHING, None, None), None, None, None)]
        of, coverage = self.paid(night), self._pairs(edition)[1]
        rows = []
        for name, counts, _, hidden in self._categories_of(edition, night):
            told = (None, None) if TOTAL in hidden else (sum(counts.values()), of)
            row = _row(edition, night, (*name, None, None), told[0], told[1], coverage)
            rows.append(row | ({"symbol": "c"} if TOTAL in hidden else {}))
        return rows

    def sellers_listing_in_category_by_city(self, edition: Edition) -> list[Row]:
        night = edition.as_of["sellers"]
        if night is None or edition.as_of["listings"] is None:
            return [_row(edition, night, (*NOTHING, *NOTHING), None, None, None)]
        coverage = self._pairs(edition)[1]
        rows = []
        for name, counts, sizes, hidden in self._categories_of(edition, night):
            for place, number in counts.items():
                where = self._city(place)
                if where == UNKNOWN and UNKNOWN[0] in hidden:
                    continue  # one seller, perhaps, and the row would tell of it
                told = (None, None) if where[0] in hidden else (number, sizes[place])
                row = _row(edition, night, (*name, *where), told[0], told[1], coverage)
                rows.append(row | ({"symbol": "c"} if where[0] in hidden else {}))
        return rows

    def _categories_of(self, edition: Edition, night: int) -> list[Category]:
        """Of each category its name, the sellers that list in it by city, all sellers by city, and
        what is withheld."""
        (seller, category), _ = self._pairs(edition)
        city = np.maximum(self.sellers.city_on(night), -1)
        sizes = dict(_counts(city[self.payers(night)]))
        closed = {r["city_key"] for r in self.sellers_by_city(edition) if r["symbol"] == "c"}
        found = []
        for top, number in _counts(category):
            counts = dict(_counts(city[seller[category == top]]))
            hidden = self._cities_hidden(counts, sizes, closed)
            if is_split_few(number, self.paid(night)):
                hidden.add(TOTAL)
            if TOTAL in hidden or NOTHING[0] in closed:
                hidden.add(UNKNOWN[0])
            found.append((self.categories()[top], counts, sizes, hidden))
        return found

    def _cities_hidden(
        self, counts: dict[int, int], sizes: dict[int, int], closed: set[str]
    ) -> set[str]:
        """Cities that few list in, or in which few do not; and what else would give them away: one
        more city, or else the total."""
        named = {self._city(place)[0]: place for place in counts if place >= 0}
        small = {
            key
            for key, place in named.items()
            if is_split_few(counts[place], sizes[place]) or closed & {key, NOTHING[0]}
        }
        rest = [(counts[place], key) for key, place in named.items() if key not in small]
        listing = sum(counts[named[key]] for key in small)
        others = sum(sizes[named[key]] for key in small) - listing
        alike = (len(small), len(small) * (FEWEST_SELLERS - 1))
        is_told = len(small) == 1 or any(is_few(n) or n in alike for n in (listing, others))
        return small | ({min(rest)[1] if rest else TOTAL} if small and is_told else set())

    def _city(self, place: int) -> tuple[str, str]:
        if place < 0:
            return UNKNOWN
        found = self.parameters.places[place]
        return found.city_key, found.city

    def _pairs(self, edition: Edition) -> tuple[tuple[Ints, Ints], float | None]:
        """Paid sellers and the categories in which they list, each pair once; and of which share of
        their listings the category is known."""
        night, listings_night = edition.as_of["sellers"], edition.as_of["listings"]
        assert night is not None and listings_night is not None
        offered = self.ledger.offered[listings_night]
        ours = self.payers(night)[offered.seller]
        known = ours & (offered.top_category >= 0)
        pairs = np.unique(np.stack([offered.seller[known], offered.top_category[known]]), axis=1)
        return (pairs[0], pairs[1]), ratio(known.sum(), ours.sum())


def _counts(values: Ints) -> list[tuple[int, int]]:
    found, counts = np.unique(values, return_counts=True)
    return list(zip(found.tolist(), counts.tolist(), strict=True))


def _row(
    edition: Edition,
    night: int | None,
    names: tuple[str | None, ...],
    number: int | None,
    of: int | None,
    coverage: float | None,
) -> Row:
    share = None if number is None or of is None else ratio(number, of)
    columns = ("top_category_id", "category", "city_key", "city")
    said = {k: v for k, v in zip(columns, names, strict=True) if v is not None}
    told = {"share": share, "numerator": number, "denominator": of, "coverage": coverage}
    return {**head(edition, night), **said, **told, "symbol": symbol_of(share)}
