"""The truth about the headline."""

from typing import ClassVar

from tests.oracle.ground import Ground
from tests.oracle.ledger import Edition
from tests.oracle.rows import Row, head, ratio, symbol_of
from tests.oracle.withheld import is_few

Told = tuple[int, float | None, bool]  # value, coverage, whether it is withheld


class HeadlineTables(Ground):
    """The five figures of an edition."""

    NAMES: ClassVar[tuple[str, ...]] = ("headline",)

    def headline(self, edition: Edition) -> list[Row]:
        as_of = edition.as_of
        rows = []
        for metric, dataset, count in (
            ("paid_sellers", "sellers", lambda _, night: self._paid_sellers(night)),
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

    def _paid_sellers(self, night: int) -> Told:
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
