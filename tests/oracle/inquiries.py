"""The truth about inquiries: how many, from whom, to whom, and what for."""

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from tests.oracle.inquiry_spans import (
    InquirySpans,
    Span,
    of_sellers,
    only,
    span_columns,
)
from tests.oracle.ledger import Edition
from tests.oracle.rows import (
    Row,
    days_columns,
    guarded,
    head,
    measure,
    not_available,
    ratio,
    withheld,
)
from tests.oracle.withheld import is_few, is_split_few
from transforms.sample.universe.clock import day_number
from transforms.sample.universe.draw import Ints
from transforms.sample.universe.sellers import Mask

REACH_FROM_INQUIRIES, WIDE_COUNTRIES, FAR_CONTINENTS = 5, 10, 4


class InquiryTables(InquirySpans):
    """One method per table, each giving the rows of one edition."""

    NAMES: ClassVar[tuple[str, ...]] = (
        "inquiry_flow",
        "inquiries_by_country",
        "inquiries_by_city",
        "inquiring_buyers",
        "inquiries_per_seller",
        "rfq_demand",
        "destination_reach",
    )

    def inquiry_flow(self, edition: Edition) -> list[Row]:
        rows = []
        for told in self.told(edition):
            value, coverage = None, None
            if told.is_available:
                value, coverage = len(told.counted), ratio(told.known, told.asked)
            rows.append(told.row | only("inquiries", told, value, coverage))
        return rows

    def inquiries_by_country(self, edition: Edition) -> list[Row]:
        night = edition.as_of["inquiries"]
        if night is None or not self.can_tell(edition):
            rows = not_available(edition, night, ("buyer_country_iso2",))
            return [row | self.over_the_year(edition) for row in rows]
        countries = self.parameters.words["inquiries"]["countries"]
        keys: list[tuple[str, ...]] = [(country["iso2"],) for country in countries]
        return self.shares_of_inquiries(
            edition, night, ("buyer_country_iso2",), keys, lambda _: self.inquiries.country
        )

    def inquiries_by_city(self, edition: Edition) -> list[Row]:
        night = edition.as_of["inquiries"]
        if night is None or not self.can_tell(edition):
            rows = not_available(edition, night, ("city_key", "city"))
            return [row | self.over_the_year(edition) for row in rows]
        keys: list[tuple[str, ...]] = [(p.city_key, p.city) for p in self.parameters.places]
        return self.shares_of_inquiries(
            edition,
            night,
            ("city_key", "city"),
            keys,
            lambda of: self.known(of).city[self.inquiries.seller],
        )

    def inquiring_buyers(self, edition: Edition) -> list[Row]:
        rows = []
        for told in self.told(edition):
            value, coverage, inquiries = None, None, None
            if told.is_available:
                value = len(np.unique(told.counted.buyer))
                coverage = ratio(len(told.counted), len(told.counted))
                inquiries = None if told.is_withheld else len(told.counted)
            row = told.row | only("buyers", told, value, coverage)
            rows.append({**row, "inquiries": inquiries})
        return rows

    def inquiries_per_seller(self, edition: Edition) -> list[Row]:
        rows = []
        for told in self.told(edition):
            nobody = np.zeros(0, np.int64)
            paid_days = self._paid_days(edition, told.days) if told.is_available else nobody
            sellers = int((paid_days > 0).sum())
            is_available = told.is_available and sellers > 0
            inquiries = np.zeros(len(paid_days), np.int64)
            if is_available:
                seller = told.counted.seller[np.isin(told.counted.day, told.days)]
                inquiries = np.bincount(seller, minlength=len(paid_days))
            silent = (paid_days > 0) & (inquiries == 0)
            coverage = ratio(told.known, told.asked) if is_available else None
            loud = int((paid_days > 0).sum() - silent.sum())
            hidden = told.is_withheld or is_few(sellers) or is_few(loud)
            split = hidden or is_split_few(int(silent.sum()), sellers)
            days = int(paid_days.sum())
            rows.append(
                told.row
                | of_sellers(
                    "inquiries_per_seller",
                    told,
                    is_available,
                    hidden,
                    coverage,
                    int(inquiries[paid_days > 0].sum()),
                    days / len(told.days) if is_available else None,
                )
                | of_sellers(
                    "zero_share",
                    told,
                    is_available,
                    split,
                    coverage,
                    int(silent.sum()),
                    sellers,
                    hides_all=hidden,
                )
                | of_sellers(
                    "zero_day_share",
                    told,
                    is_available,
                    split,
                    coverage,
                    int(paid_days[silent].sum()),
                    days,
                    hides_all=hidden,
                )
            )
        return rows

    def _paid_stretches(self, edition: Edition) -> Mask:
        """Which stretches of the market's sellers a good census had told of by the edition's."""
        sellers, market, census = self.sellers, self.known(edition).market, edition.as_of["sellers"]
        until = day_number(edition.period_to) if census is None else census
        told = np.zeros(sellers.paid_from.shape, bool)
        for night in self.ledger.good_seller_nights:
            if night > until:
                break
            there = sellers.present_on(night) & market
            second = sellers.paid_from[:, 1] <= night
            told[:, 0] |= there & ~second & (sellers.paid_from[:, 0] <= night)
            told[:, 1] |= there & second
        return told

    def _paid_days(self, edition: Edition, days: Ints) -> Ints:
        """How many of these days each seller paid, as far as it was told."""
        first = np.searchsorted(days, self.sellers.paid_from, side="left")
        end = np.searchsorted(days, self.sellers.paid_to, side="right")
        found: Ints = np.where(self._paid_stretches(edition), np.maximum(end - first, 0), 0).sum(
            axis=1
        )
        return found

    def rfq_demand(self, edition: Edition) -> list[Row]:
        """The sample has no requests for quotation."""
        names = ("rfqs", "quotes_per_rfq", "filled_share")
        year = Span("year", day_number(edition.period_from), day_number(edition.period_to))
        row = {**head(edition, None), **span_columns(year), "capped_nights": None}
        row |= days_columns(year.last - year.first + 1, 0)
        for name in names:
            row |= measure(name)
        return [row]

    def destination_reach(self, edition: Edition) -> list[Row]:
        night = edition.as_of["inquiries"]
        names = (
            "mean_countries",
            "median_countries",
            "ten_countries_share",
            "four_continents_share",
        )
        row = head(edition, night) | self.over_the_year(edition)
        if night is None or not self.can_tell(edition):
            for name in names:
                row |= measure(name)
            return [row]
        counted = self.inquiries.take(self.inquiries_of(edition, night)[0])
        reach, lands, known = [], [], []
        for seller in np.unique(counted.seller).tolist():
            own = counted.country[counted.seller == seller]
            if len(own) >= REACH_FROM_INQUIRIES:
                there = np.unique(own[own >= 0])
                reach.append(len(there))
                lands.append(len({self._continents[c] for c in there.tolist()}))
                known.append((int((own >= 0).sum()), len(own)))
        sellers = len(reach)
        coverage = ratio(sum(k for k, _ in known), sum(n for _, n in known))
        wide = sum(n >= WIDE_COUNTRIES for n in reach)
        far = sum(n >= FAR_CONTINENTS for n in lands)
        whole = sellers or None
        values: tuple[tuple[Any, ...], ...] = (
            (sum(reach) / sellers if sellers else None, sum(reach), whole, coverage),
            (float(np.median(reach)) if sellers else None, sellers, None, coverage),
            (wide / sellers if sellers else None, wide, whole, coverage),
            (far / sellers if sellers else None, far, whole, coverage),
        )
        for name, value in zip(names, values, strict=True):
            row |= guarded(name, value, sellers)
            if sellers and is_few(len(np.unique(counted.seller)) - sellers):
                withheld(row, name)
        for name, some in ((names[2], wide), (names[3], far)):
            if row["mean_countries_symbol"] != "c" and is_split_few(some, sellers):
                row |= {name: None, f"{name}_numerator": None, f"{name}_symbol": "c"}
        return [row]

    @cached_property
    def _continents(self) -> list[str]:
        of = self.parameters.continents
        return [of[c["iso2"]] for c in self.parameters.words["inquiries"]["countries"]]
