"""The right content of every report table, told from the universe itself."""

from datetime import date

import numpy as np

from transforms.sample.clock import as_date, day_number
from transforms.sample.inquiries import Inquiries
from transforms.sample.ledger import Edition, Ledger
from transforms.sample.parameters import Parameters
from transforms.sample.sellers import Sellers
from transforms.sample.truth_ground import (
    Row,
    cells_of,
    head,
    measure,
    not_available,
    ratio,
    shares,
    symbol_of,
)
from transforms.sample.truth_inquiries import InquiryTables

BASE_NIGHT_WITHIN_DAYS = 6  # the week that ends on the same date
LONGEST_CAGR_YEARS = 30


def report(parameters: Parameters, sellers: Sellers, ledger: Ledger) -> dict[str, list[Row]]:
    """All report tables of a sample. Shares and growth are fractions, rounded to 9 decimals."""
    truth = _Truth(parameters, sellers, ledger)
    tables: dict[str, list[Row]] = {
        "headline": [],
        "sellers_by_city": [],
        "sellers_by_category": [],
        "listings_by_category": [],
        "inquiries_by_country": [],
        "seller_growth": [],
        "inquiry_flow": [],
        "inquiries_by_city": [],
        "inquiring_buyers": [],
        "inquiries_per_seller": [],
        "inquiry_rate": [],
        "response_rate": [],
        "response_time": [],
        "rfq_demand": [],
        "destination_reach": [],
    }
    for edition in ledger.editions:
        for table, rows in tables.items():
            rows += getattr(truth, table)(edition)
    return tables


class _Truth(InquiryTables):
    def headline(self, edition: Edition) -> list[Row]:
        as_of = edition.as_of
        rows = []
        for metric, dataset, count in (
            ("paid_sellers", "sellers", self._paid_sellers),
            ("live_listings", "listings", self._live_listings),
            ("listings_ever", "listings", self._listings_ever),
            ("inquiries", "inquiries", self._inquiry_count),
        ):
            night = as_of[dataset]
            value, coverage = (None, None)
            if night is not None and self.can_tell:
                value, coverage = count(edition, night)
            rows.append({
                **head(edition, night), "metric": metric, "value": value, "numerator": value,
                "denominator": None, "coverage": coverage,
                "symbol": symbol_of(edition, night, value),
            })  # fmt: skip
        night = as_of["sellers"]
        nothing = dict.fromkeys(("value", "numerator", "denominator", "coverage"))
        gone = {"metric": "goods_sold_value", **nothing, "symbol": "x"}
        return [*rows, {**head(edition, night), **gone}]

    def _paid_sellers(self, edition: Edition, night: int) -> tuple[int, float | None]:
        return self.paid(night), self.seller_coverage(night)

    def _live_listings(self, edition: Edition, night: int) -> tuple[int, float | None]:
        seller = self.ledger.offered[night].seller
        return int(self.market[seller].sum()), ratio(self.known[seller].sum(), len(seller))

    def _listings_ever(self, edition: Edition, night: int) -> tuple[int, float | None]:
        ever = self.ledger.ever[night]
        return int(ever[self.market].sum()), ratio(ever[self.known].sum(), ever.sum())

    def _inquiry_count(self, edition: Edition, night: int) -> tuple[int, float | None]:
        counted, asked = self.inquiries_of(edition, night)
        known = asked & self.inquiries.is_dated & self.known[self.inquiries.seller]
        return int(counted.sum()), ratio(known.sum(), asked.sum())

    def sellers_by_city(self, edition: Edition) -> list[Row]:
        night = edition.as_of["sellers"]
        if night is None:
            return not_available(edition, None, ("city_key", "city"))
        paid = self.sellers.paid_on(night) & self.sellers.in_market()
        places = self.parameters.places
        cells = cells_of(np.flatnonzero(paid), self.sellers.city[paid])
        keys: list[tuple[str, ...]] = [(place.city_key, place.city) for place in places]
        return shares(edition, night, ("city_key", "city"), keys, cells, of_known=True)

    def sellers_by_category(self, edition: Edition) -> list[Row]:
        night, listings_night = edition.as_of["sellers"], edition.as_of["listings"]
        names = ("top_category_id", "category")
        if night is None or listings_night is None:
            return not_available(edition, night, names)
        paid = np.flatnonzero(self.sellers.paid_on(night) & self.sellers.in_market())
        cells = cells_of(paid, self.main_category(listings_night)[paid])
        return shares(edition, night, names, self.categories(), cells, of_known=False)

    def listings_by_category(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        names = ("top_category_id", "category")
        if night is None or not self.can_tell:
            return not_available(edition, night, names)
        offered = self.ledger.offered[night]
        ours = self.market[offered.seller]
        cells = cells_of(offered.seller[ours], offered.top_category[ours])
        return shares(edition, night, names, self.categories(), cells, of_known=True)

    def inquiries_by_country(self, edition: Edition) -> list[Row]:
        night = edition.as_of["inquiries"]
        if night is None or not self.can_tell:
            return not_available(edition, night, ("buyer_country_iso2",))
        counted, _ = self.inquiries_of(edition, night)
        inquiries: Inquiries = self.inquiries.take(counted)
        countries = self.parameters.words["inquiries"]["countries"]
        keys: list[tuple[str, ...]] = [(country["iso2"],) for country in countries]
        cells = cells_of(inquiries.seller, inquiries.country)
        return shares(edition, night, ("buyer_country_iso2",), keys, cells, of_known=True)

    def seller_growth(self, edition: Edition) -> list[Row]:
        row: Row
        night = edition.as_of["sellers"]
        if night is None:
            row = {**head(edition, None), "cagr_years": None}
            for name in ("paid_sellers", "yoy_growth", "cagr"):
                row |= measure(name, edition, None, None, None, None, None)
            return [{**row, "yoy_growth_from": None, "cagr_from": None}]
        count, coverage = self.paid(night), self.seller_coverage(night)
        bases = {years: self._base(night, years) for years in range(1, LONGEST_CAGR_YEARS + 1)}
        longest = max((years for years, base in bases.items() if base is not None), default=0)
        row = {**head(edition, night)}
        row |= measure("paid_sellers", edition, night, count, count, None, coverage)
        for name, years in (("yoy_growth", 1), ("cagr", longest)):
            base = bases.get(years)
            before = 0 if base is None else self.paid(base)
            if base is None or not before:
                row |= measure(name, edition, night, None, None, None, None)
                row[f"{name}_from"] = None
                years = 0
            else:
                value = (count / before) ** (1 / years) - 1
                row |= measure(name, edition, night, value, count, before, coverage)
                row[f"{name}_from"] = f"{as_date(base)}"
        row["cagr_years"] = years or None
        return [row]

    def _base(self, night: int, years: int) -> int | None:
        """The last good night of sellers in the week that ends so many years before."""
        day = as_date(night)
        try:
            anchor = day.replace(year=day.year - years)
        except ValueError:
            anchor = date(day.year - years, 2, 28)
        last = day_number(anchor)
        near = range(last - BASE_NIGHT_WITHIN_DAYS, last + 1)
        return max((n for n in self.ledger.good_seller_nights if n in near), default=None)
