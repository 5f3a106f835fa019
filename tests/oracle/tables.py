"""The right content of every report table, told from the universe itself."""

from typing import ClassVar

from tests.oracle.context import context, participation_gap
from tests.oracle.ground import (
    Ground,
    Row,
    cells_of,
    head,
    not_available,
    ratio,
    shares,
    symbol_of,
)
from tests.oracle.inquiries import InquiryTables
from tests.oracle.ledger import Edition, Ledger
from tests.oracle.listings import ListingTables
from tests.oracle.partner_cohorts import CohortTables
from tests.oracle.seller_flow import FlowTables
from tests.oracle.sellers import SellerTables
from tests.oracle.withheld import is_few
from transforms.sample.universe.deliveries import Universe

Told = tuple[int, float | None, bool]  # value, coverage, whether it is withheld


def report(universe: Universe, ledger: Ledger) -> dict[str, list[Row]]:
    """All report tables of a sample. Shares and growth are fractions, rounded to 9 decimals."""
    found: dict[str, list[Row]] = {}
    for family in (
        _Truth,
        InquiryTables,
        SellerTables,
        FlowTables,
        CohortTables,
        ListingTables,
    ):
        truth = family(universe, ledger)
        for table in truth.NAMES:
            rows = getattr(truth, table)
            found[table] = [row for edition in ledger.editions for row in rows(edition)]
    found["participation_gap"] = participation_gap(universe.parameters, ledger.editions, found)
    found["context"] = context(universe.parameters, ledger.editions, found)
    return found


class _Truth(Ground):
    NAMES: ClassVar[tuple[str, ...]] = (
        "headline",
        "listings_by_category",
        "inquiries_by_country",
    )

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
            value, coverage, is_withheld = (None, None, False)
            if night is not None and self.can_tell(edition):
                value, coverage, is_withheld = count(edition, night)
            if is_withheld:
                value, coverage = (None, None)
            rows.append(
                {
                    **head(edition, night),
                    "days": None,
                    "days_covered": None,
                    **(self.over_the_year(edition) if metric == "inquiries" else {}),
                    "metric": metric,
                    "value": value,
                    "numerator": value,
                    "denominator": None,
                    "coverage": coverage,
                    "symbol": "c" if is_withheld else symbol_of(value),
                }
            )
        night = as_of["sellers"]
        nothing = dict.fromkeys(
            ("value", "numerator", "denominator", "coverage", "days", "days_covered")
        )
        gone = {"metric": "goods_sold_value", **nothing, "symbol": "x"}
        return [*rows, {**head(edition, night), **gone}]

    def _paid_sellers(self, edition: Edition, night: int) -> Told:
        return self.paid(night), self.seller_coverage(night), is_few(self.paid(night))

    def _live_listings(self, edition: Edition, night: int) -> Told:
        seller = self.ledger.offered[night].seller
        known = self.known(edition)
        ours, coverage = known.market[seller], ratio(known.country[seller].sum(), len(seller))
        return int(ours.sum()), coverage, is_few(seller[ours])

    def _listings_ever(self, edition: Edition, night: int) -> Told:
        ever, known = self.ledger.ever[night], self.known(edition)
        few = self.were_few_new(edition, night) or is_few(int((ever[known.market] > 0).sum()))
        return int(ever[known.market].sum()), ratio(ever[known.country].sum(), ever.sum()), few

    def _inquiry_count(self, edition: Edition, night: int) -> Told:
        counted, asked = self.inquiries_of(edition, night)
        known = asked & self.inquiries.is_dated & self.known(edition).country[self.inquiries.seller]
        few = self.is_year_withheld(edition)
        return int(counted.sum()), ratio(known.sum(), asked.sum()), few

    def listings_by_category(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        names = ("top_category_id", "category")
        if night is None or not self.can_tell(edition):
            return not_available(edition, night, names)
        offered = self.ledger.offered[night]
        ours = self.known(edition).market[offered.seller]
        cells = cells_of(offered.seller[ours], offered.top_category[ours])
        return shares(edition, night, names, self.categories(), cells, of_known=True)

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
