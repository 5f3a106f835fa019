"""The truth about sellers: how many, where, and what they are like."""

import re
from datetime import date
from typing import ClassVar

import numpy as np

from tests.oracle.ground import Ground
from tests.oracle.ledger import Edition
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
from transforms.sample.universe.sellers import YEAR

BASE_NIGHT_WITHIN_DAYS = 6  # the week that ends on the same date
LONGEST_CAGR_YEARS = 30
COUNTRIES = {
    "AE": "United Arab Emirates",
    "BD": "Bangladesh",
    "CN": "China",
    "IN": "India",
    "PK": "Pakistan",
    "TR": "Türkiye",
}
LEGAL_FORMS = {"co", "company", "ltd", "limited", "pvt", "private", "smc", "llp", "corporation"}


class SellerTables(Ground):
    """One method per table, each giving the rows of one edition."""

    NAMES: ClassVar[tuple[str, ...]] = (
        "sellers_by_city",
        "sellers_by_category",
        "sellers_by_country",
        "seller_growth",
        "seller_companies",
        "seller_tenure",
        "concentration",
        "online_order_coverage",
    )

    def sellers_by_city(self, edition: Edition) -> list[Row]:
        night = edition.as_of["sellers"]
        if night is None:
            return not_available(edition, None, ("city_key", "city"))
        paid = self.payers(night)
        places = self.parameters.places
        cells = cells_of(np.flatnonzero(paid), self.sellers.city_on(night)[paid])
        keys: list[tuple[str, ...]] = [(place.city_key, place.city) for place in places]
        return shares(edition, night, ("city_key", "city"), keys, cells, of_known=True)

    def sellers_by_category(self, edition: Edition) -> list[Row]:
        night, listings_night = edition.as_of["sellers"], edition.as_of["listings"]
        names = ("top_category_id", "category")
        if night is None or listings_night is None:
            return not_available(edition, night, names)
        paid = np.flatnonzero(self.payers(night))
        cells = cells_of(paid, self.main_category(listings_night)[paid])
        return shares(edition, night, names, self.categories(), cells, of_known=False)

    def sellers_by_country(self, edition: Edition) -> list[Row]:
        night = edition.as_of["sellers"]
        paying = {} if night is None else self._paying_by_country(night)
        if night is None or len(paying) < 2:
            nothing = dict.fromkeys(
                ("paid_sellers", "rank", "numerator", "denominator", "coverage")
            )
            place = {"country_iso2": "not_available", "country": "Not available"}
            return [{**head(edition, night), **place, **nothing, "symbol": "x"}]
        rows = []
        for code, count in paying.items():
            more = [c for c, n in paying.items() if c != "CN" and n > count]
            rank = None if code == "CN" else len(more) + 1
            row: Row = {**head(edition, night), "country_iso2": code, "country": COUNTRIES[code]}
            row |= {"paid_sellers": count, "rank": rank, "numerator": count, "denominator": None}
            row |= {"coverage": self.seller_coverage(night), "symbol": "p"}
            if is_few(count):
                row |= dict.fromkeys(("paid_sellers", "rank", "numerator", "coverage"))
                row["symbol"] = "c"
            rows.append(row)
        return rows

    def _paying_by_country(self, night: int) -> dict[str, int]:
        """Of every country that the night's census holds: of how many sellers it says they pay."""
        others = self.parameters.numbers["sellers"]["other_countries"]
        country = self.sellers.country_on(night)
        present, paid = self.sellers.present_on(night), self.sellers.paid_on(night)
        masks = {self.parameters.market: self.sellers.in_market(night)}
        masks |= {other["iso2"]: country == number for number, other in enumerate(others)}
        return {
            code: int((mask & present & paid).sum())
            for code, mask in masks.items()
            if (mask & present).any()
        }

    def seller_growth(self, edition: Edition) -> list[Row]:
        row: Row
        night = edition.as_of["sellers"]
        if night is None:
            row = {**head(edition, None), "cagr_years": None}
            for name in ("paid_sellers", "yoy_growth", "cagr"):
                row |= measure(name)
            return [{**row, "yoy_growth_from": None, "cagr_from": None}]
        count, coverage = self.paid(night), self.seller_coverage(night)
        bases = {years: self._base(night, years) for years in range(1, LONGEST_CAGR_YEARS + 1)}
        longest = max((years for years, base in bases.items() if base is not None), default=0)
        row = {**head(edition, night)}
        row |= measure("paid_sellers", count, count, None, coverage)
        if is_few(count):
            withheld(row, "paid_sellers")
        for name, years in (("yoy_growth", 1), ("cagr", longest)):
            base = bases.get(years)
            before = 0 if base is None else self.paid(base)
            if base is None or not before:
                row |= measure(name)
                row[f"{name}_from"] = None
                years = 0
            else:
                value = (count / before) ** (1 / years) - 1
                row |= measure(name, value, count, before, coverage)
                if is_few(count) or is_few(before):
                    withheld(row, name)
                row[f"{name}_from"] = f"{as_date(base)}"
        row["cagr_years"] = years or None
        return [row]

    def seller_companies(self, edition: Edition) -> list[Row]:
        night = edition.as_of["sellers"]
        row = head(edition, night)
        if night is None:
            for name in ("companies", "sellers_per_company"):
                row |= measure(name)
            return [row]
        paid = np.flatnonzero(self.payers(night)).tolist()
        city = self.sellers.city_on(night)
        count = len({self._company(seller, int(city[seller])) for seller in paid})
        known = 1.0 if paid else None
        row |= measure("companies", count, count, None, known)
        each = len(paid) / count if count else None
        sides = (len(paid), count) if count else (None, None)
        row |= measure("sellers_per_company", each, sides[0], sides[1], known)
        if is_few(len(paid)):
            withheld(row, "companies", "sellers_per_company")
        return [row]

    def _company(self, seller: int, city: int) -> tuple[str, int]:
        """A company is a name without its legal form in one place, or in none that is known."""
        words = re.findall(r"\w+", self.universe.companies.names[seller].lower())
        name = " ".join(word for word in words if word not in LEGAL_FORMS)
        return name, max(city, -1)

    def seller_tenure(self, edition: Edition) -> list[Row]:
        night = edition.as_of["sellers"]
        paid = np.zeros(0, np.int64) if night is None else np.flatnonzero(self.payers(night))
        row = head(edition, night)
        if night is None or not len(paid):
            for name in ("verified_share", "median_tenure_years"):
                row |= measure(name)
            return [row]
        levels = list(self.parameters.numbers["sellers"]["memberships"])
        audited = np.array([level.startswith("verified") for level in levels])
        verified = int(audited[self.sellers.membership[paid]].sum())
        start, _ = self.sellers.last_paid_stretch(night)
        years = float(np.median(night - start[paid])) / YEAR
        everyone = len(paid)
        for name, value, counted in (
            ("verified_share", verified / everyone, verified),
            ("median_tenure_years", years, everyone),
        ):
            row |= measure(name, value, counted, everyone, 1.0)
        if is_few(everyone):
            withheld(row, "verified_share", "median_tenure_years")
        elif is_split_few(verified, everyone):
            row |= dict.fromkeys(("verified_share", "verified_share_numerator"))
            row["verified_share_symbol"] = "c"
        return [row]

    def online_order_coverage(self, edition: Edition) -> list[Row]:
        over = self.over_the_year(edition)
        return [
            {**row, **over, "is_partial": row["is_partial"] or over["is_partial"]}
            for row in self._order_coverage(edition)
        ]

    def _order_coverage(self, edition: Edition) -> list[Row]:
        nights = (edition.as_of["sellers"], edition.as_of["inquiries"])
        if nights[0] is None or nights[1] is None:
            return [_one(edition, None, None, None, None)]
        night = min(nights[0], nights[1])
        counted, _ = self.inquiries_of(edition, nights[1])
        asked = np.zeros(len(self.sellers), bool)
        asked[self.inquiries.seller[counted]] = True
        # The count is of six months: the nights of the later half year tell of the whole year.
        opens = edition.period_from
        half = day_number(
            date(opens.year + (opens.month > 6), (opens.month + 5) % 12 + 1, opens.day)
        )
        orders = np.full(len(self.sellers), -1, np.int64)
        orders[: len(self.universe.companies.orders_6m)] = self.universe.companies.orders_6m
        told = np.zeros(len(self.sellers), bool)
        good = [n for n in self.ledger.good_seller_nights if n <= nights[0]]
        before = max((n for n in good if n <= half), default=half)
        for n in good:
            if n >= before:
                told |= self.sellers.present_on(n)
        told &= self.known(edition).market
        known = told & (orders >= 0)
        if nights[0] < half or not (known & asked).any():
            return [_one(edition, night, None, None, None)]
        coverage = ratio((known & asked).sum(), asked.sum())
        ordered, of = int((told & (orders > 0)).sum()), int(asked.sum())
        if is_few(ordered) or is_few(of):
            return [_one(edition, night, None, None, None) | {"symbol": "c"}]
        return [_one(edition, night, ordered, of, coverage)]

    def concentration(self, edition: Edition) -> list[Row]:
        night = edition.as_of["sellers"]
        found = []
        for dimension, key, rows in (
            ("city", "city_key", self.sellers_by_city(edition)),
            ("category", "top_category_id", self.sellers_by_category(edition)),
        ):
            classes = [row for row in rows if row[key] not in ("unknown", "not_available")]
            known = classes[0]["denominator"] if classes else 0
            if dimension == "category":  # those are shares of all paid sellers
                known -= sum(row["numerator"] for row in rows if row[key] == "unknown")
            row: Row = {**head(edition, night), "dimension": dimension}
            row |= _concentration(classes, known)
            if not classes and any(r["symbol"] == "c" for r in rows):
                withheld(row, "hhi", "top3_share")
            found.append(row)
        return found

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


def _one(
    edition: Edition,
    night: int | None,
    numerator: int | None,
    denominator: int | None,
    coverage: float | None,
) -> Row:
    share = None if numerator is None or not denominator else ratio(numerator, denominator)
    return {
        **head(edition, night),
        "online_order_coverage": share,
        "numerator": numerator,
        "denominator": denominator,
        "coverage": coverage,
        "symbol": symbol_of(share),
    }


def _concentration(classes: list[Row], known: int) -> Row:
    """HHI and share of the three largest of the known sellers, from what is shown alone: a class
    that is withheld counts as the mean of all that are."""
    shown = sorted((r["numerator"] for r in classes if r["symbol"] != "c"), reverse=True)
    hidden = len(classes) - len(shown)
    row: Row = {"classes": len(classes) or None, "classes_withheld": hidden if classes else None}
    if not classes:
        for name in ("hhi", "top3_share"):
            row |= measure(name)
        return row
    coverage = classes[0]["coverage"]
    rest = known - sum(shown)
    squares = sum(n * n for n in shown) + (rest * rest / hidden if hidden else 0)
    row |= measure("hhi", squares / known**2, squares, known**2, coverage)
    largest = None if hidden and len(shown) < 3 else sum(shown[:3])
    share = None if largest is None else largest / known
    row |= measure("top3_share", share, largest, known, coverage)
    if share is None:
        row["top3_share_symbol"] = "c"
    return row


def _iso(night: int | None) -> str | None:
    return None if night is None else f"{as_date(night)}"
