"""The right content of every report table, told from the universe itself."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np

from transforms.sample.clock import as_date, day_number
from transforms.sample.draw import Ints
from transforms.sample.inquiries import Inquiries
from transforms.sample.ledger import Edition, Ledger, is_partial
from transforms.sample.parameters import Parameters
from transforms.sample.sellers import Mask, Sellers

Row = dict[str, Any]

FEWEST_SELLERS = 5  # a cell that rests on fewer is withheld
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
    }
    for edition in ledger.editions:
        for table, rows in tables.items():
            rows += getattr(truth, table)(edition)
    return tables


class _Truth:
    def __init__(self, parameters: Parameters, sellers: Sellers, ledger: Ledger) -> None:
        self._parameters = parameters
        self._sellers = sellers
        self._ledger = ledger
        # A country is known of a seller once a good census has shown it. Until then it is not
        # known of anybody, so that nothing of the market can be told apart.
        self._can_tell = bool(ledger.good_seller_nights)
        self._known = ledger.seen & sellers.with_known_country()
        self._market = ledger.seen & sellers.in_market()
        self._inquiries, self._delivered = ledger.inquiries()

    def headline(self, edition: Edition) -> list[Row]:
        as_of = edition.as_of
        rows = []
        for metric, dataset, measure in (
            ("paid_sellers", "sellers", self._paid_sellers),
            ("live_listings", "listings", self._live_listings),
            ("listings_ever", "listings", self._listings_ever),
            ("inquiries", "inquiries", self._inquiry_count),
        ):
            night = as_of[dataset]
            value, coverage = (None, None)
            if night is not None and self._can_tell:
                value, coverage = measure(edition, night)
            rows.append({
                **_head(edition, night), "metric": metric, "value": value, "numerator": value,
                "denominator": None, "coverage": coverage,
                "symbol": _symbol(edition, night, value),
            })  # fmt: skip
        night = as_of["sellers"]
        nothing = dict.fromkeys(("value", "numerator", "denominator", "coverage"))
        gone = {"metric": "goods_sold_value", **nothing, "symbol": "x"}
        return [*rows, {**_head(edition, night), **gone}]

    def _paid_sellers(self, edition: Edition, night: int) -> tuple[int, float | None]:
        return self._paid(night), self._seller_coverage(night)

    def _paid(self, night: int) -> int:
        return int((self._sellers.paid_on(night) & self._sellers.in_market()).sum())

    def _seller_coverage(self, night: int) -> float | None:
        census = self._sellers.present_on(night)
        return _ratio((census & self._sellers.with_known_country()).sum(), census.sum())

    def _live_listings(self, edition: Edition, night: int) -> tuple[int, float | None]:
        seller = self._ledger.offered[night].seller
        return int(self._market[seller].sum()), _ratio(self._known[seller].sum(), len(seller))

    def _listings_ever(self, edition: Edition, night: int) -> tuple[int, float | None]:
        ever = self._ledger.ever[night]
        return int(ever[self._market].sum()), _ratio(ever[self._known].sum(), ever.sum())

    def _inquiry_count(self, edition: Edition, night: int) -> tuple[int, float | None]:
        counted, asked = self._inquiries_of(edition, night)
        known = asked & self._inquiries.is_dated & self._known[self._inquiries.seller]
        return int(counted.sum()), _ratio(known.sum(), asked.sum())

    def _inquiries_of(self, edition: Edition, night: int) -> tuple[Mask, Mask]:
        """Which inquiries count in the edition, and which ones could if all were known."""
        inquiries = self._inquiries
        day = np.where(inquiries.is_dated, inquiries.day, self._delivered)
        first, last = day_number(edition.period_from), day_number(edition.period_to)
        asked = (first <= day) & (day <= min(last, night)) & ~inquiries.is_tm & ~inquiries.is_spam
        return asked & inquiries.is_dated & self._market[inquiries.seller], asked

    def sellers_by_city(self, edition: Edition) -> list[Row]:
        night = edition.as_of["sellers"]
        if night is None:
            return _not_available(edition, None, ("city_key", "city"))
        paid = self._sellers.paid_on(night) & self._sellers.in_market()
        places = self._parameters.places
        cells = _cells(np.flatnonzero(paid), self._sellers.city[paid])
        keys: list[tuple[str, ...]] = [(place.city_key, place.city) for place in places]
        return _shares(edition, night, ("city_key", "city"), keys, cells, of_known=True)

    def sellers_by_category(self, edition: Edition) -> list[Row]:
        night, listings_night = edition.as_of["sellers"], edition.as_of["listings"]
        names = ("top_category_id", "category")
        if night is None or listings_night is None:
            return _not_available(edition, night, names)
        paid = np.flatnonzero(self._sellers.paid_on(night) & self._sellers.in_market())
        cells = _cells(paid, self._main_category(listings_night)[paid])
        return _shares(edition, night, names, self._categories(), cells, of_known=False)

    def _main_category(self, night: int) -> Ints:
        """Position of the top category in which a seller has most live listings, or -1."""
        offered = self._ledger.offered[night]
        known = offered.top_category >= 0
        tops = len(self._parameters.top_categories)
        votes = np.bincount(
            offered.seller[known] * tops + offered.top_category[known],
            minlength=len(self._sellers) * tops,
        ).reshape(len(self._sellers), tops)
        # Categories stand in order of their number: of equals the first, hence the lowest, wins.
        return np.where(votes.sum(axis=1) > 0, votes.argmax(axis=1), -1)

    def listings_by_category(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        names = ("top_category_id", "category")
        if night is None or not self._can_tell:
            return _not_available(edition, night, names)
        offered = self._ledger.offered[night]
        ours = self._market[offered.seller]
        cells = _cells(offered.seller[ours], offered.top_category[ours])
        return _shares(edition, night, names, self._categories(), cells, of_known=True)

    def _categories(self) -> list[tuple[str, ...]]:
        names = self._parameters.category_names
        return [(top, names[top]) for top in self._parameters.top_categories]

    def inquiries_by_country(self, edition: Edition) -> list[Row]:
        night = edition.as_of["inquiries"]
        if night is None or not self._can_tell:
            return _not_available(edition, night, ("buyer_country_iso2",))
        counted, _ = self._inquiries_of(edition, night)
        inquiries: Inquiries = self._inquiries.take(counted)
        countries = self._parameters.words["inquiries"]["countries"]
        keys: list[tuple[str, ...]] = [(country["iso2"],) for country in countries]
        cells = _cells(inquiries.seller, inquiries.country)
        return _shares(edition, night, ("buyer_country_iso2",), keys, cells, of_known=True)

    def seller_growth(self, edition: Edition) -> list[Row]:
        row: Row
        night = edition.as_of["sellers"]
        if night is None:
            row = {**_head(edition, None), "cagr_years": None}
            for name in ("paid_sellers", "yoy_growth", "cagr"):
                row |= _measure(name, edition, None, None, None, None, None)
            return [{**row, "yoy_growth_from": None, "cagr_from": None}]
        count, coverage = self._paid(night), self._seller_coverage(night)
        bases = {years: self._base(night, years) for years in range(1, LONGEST_CAGR_YEARS + 1)}
        longest = max((years for years, base in bases.items() if base is not None), default=0)
        row = {**_head(edition, night)}
        row |= _measure("paid_sellers", edition, night, count, count, None, coverage)
        for name, years in (("yoy_growth", 1), ("cagr", longest)):
            base = bases.get(years)
            before = 0 if base is None else self._paid(base)
            if base is None or not before:
                row |= _measure(name, edition, night, None, None, None, None)
                row[f"{name}_from"] = None
                years = 0
            else:
                value = (count / before) ** (1 / years) - 1
                row |= _measure(name, edition, night, value, count, before, coverage)
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
        return max((n for n in self._ledger.good_seller_nights if n in near), default=None)


def _head(edition: Edition, night: int | None) -> Row:
    return {
        "edition": edition.name,
        "year_basis": edition.year_basis,
        "as_of": None if night is None else f"{as_date(night)}",
        "period_from": f"{edition.period_from}",
        "period_to": f"{edition.period_to}",
        "is_partial": is_partial(edition, night),
    }


def _symbol(edition: Edition, night: int | None, value: float | None) -> str | None:
    if value is None:
        return "x"
    return "p" if is_partial(edition, night) else None


def _measure(
    name: str,
    edition: Edition,
    night: int | None,
    value: float | None,
    numerator: int | None,
    denominator: int | None,
    coverage: float | None,
) -> Row:
    return {
        name: _rounded(value),
        f"{name}_numerator": numerator,
        f"{name}_denominator": denominator,
        f"{name}_coverage": coverage,
        f"{name}_symbol": _symbol(edition, night, value),
    }


def _not_available(edition: Edition, night: int | None, names: tuple[str, ...]) -> list[Row]:
    """The one row of a table of shares whose exports did not come."""
    key = dict(zip(names, ("not_available", "Not available"), strict=False))
    nothing = dict.fromkeys(("share", "numerator", "denominator", "coverage"))
    return [{**_head(edition, night), **key, **nothing, "symbol": "x"}]


def _cells(sellers: Ints, cells: Ints) -> dict[int, tuple[int, set[int]]]:
    """By cell (-1 for all unknown ones): how many things, and of which sellers."""
    cells = np.maximum(cells, -1)
    found = {}
    for cell in np.unique(cells).tolist():
        inside = sellers[cells == cell]
        found[cell] = (len(inside), set(np.unique(inside).tolist()))
    return found


def _shares(
    edition: Edition,
    night: int,
    names: tuple[str, ...],
    keys: list[tuple[str, ...]],
    cells: dict[int, tuple[int, set[int]]],
    *,
    of_known: bool,
) -> list[Row]:
    """Rows of a table of shares; `of_known`: shares of known cells leave out the unknown."""
    everything = sum(count for count, _ in cells.values())
    known = everything - cells.get(-1, (0, set()))[0]
    withheld = _withheld(
        (keys[cell][0], count, contributors)
        for cell, (count, contributors) in cells.items()
        if cell >= 0
    )
    rows = []
    for cell, (count, _) in cells.items():
        key = keys[cell] if cell >= 0 else ("unknown", "Unknown")[: len(names)]
        denominator = known if of_known and cell >= 0 else everything
        is_withheld = cell >= 0 and key[0] in withheld
        rows.append({
            **_head(edition, night),
            **dict(zip(names, key, strict=True)),
            "share": None if is_withheld else _ratio(count, denominator),
            "numerator": None if is_withheld else count,
            "denominator": denominator,
            "coverage": _ratio(known, everything),
            "symbol": "c" if is_withheld else _symbol(edition, night, count),
        })  # fmt: skip
    return rows


def _withheld(cells: Iterable[tuple[str, int, set[int]]]) -> set[str]:
    """Keys of the cells that few sellers stand behind, and of one more where the total of the
    others would give a withheld one away. Cells are (key, count, contributing sellers)."""
    every = list(cells)
    few = [cell for cell in every if len(cell[2]) < FEWEST_SELLERS]
    withheld = {key for key, _, _ in few}
    rest = [(count, key) for key, count, _ in every if key not in withheld]
    together = set[int]().union(*(sellers for _, _, sellers in few))
    gives_away = len(few) == 1 or len(together) < FEWEST_SELLERS
    if few and gives_away and rest:
        withheld.add(min(rest)[1])
    return withheld


def _ratio(part: Any, whole: Any) -> float | None:
    return _rounded(int(part) / int(whole)) if whole else None


def _rounded(value: float | None) -> float | None:
    return value if value is None else round(value, 9)
