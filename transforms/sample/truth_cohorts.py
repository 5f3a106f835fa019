"""The truth about cohorts: sellers that joined in one year, by partner, and twelve months on."""

from datetime import date
from typing import ClassVar

import numpy as np

from transforms.sample.clock import as_date, day_number
from transforms.sample.draw import Ints
from transforms.sample.ledger import Edition
from transforms.sample.sellers import Mask
from transforms.sample.truth_flow import FlowTables
from transforms.sample.truth_ground import FEWEST_SELLERS, Row, head, measure, ratio, withheld_of

MEASURES = ("new_sellers", "retention_12m", "inquiries_per_seller")


class CohortTables(FlowTables):
    """One method per table, each giving the rows of one edition."""

    NAMES: ClassVar[tuple[str, ...]] = ("partner_cohorts",)

    def partner_cohorts(self, edition: Edition) -> list[Row]:
        night = edition.as_of["sellers"]
        opens = edition.period_from
        first = opens.replace(year=opens.year - 1)
        top: Row = {
            **head(edition, night),
            "cohort_from": f"{first}",
            "cohort_to": f"{as_date(day_number(opens) - 1)}",
        }
        joined = np.zeros(0, np.int64)
        if night == day_number(edition.period_to) and self._opened_a_year_before(edition):
            start = self.first_paid(night)
            joined = np.flatnonzero((day_number(first) <= start) & (start < day_number(opens)))
        if night is None or not len(joined):
            row = top | {"channel_partner": "not_available"}
            for name in MEASURES:
                row |= measure(name, edition, night, None, None, None, None)
            return [row]
        begun = self.first_paid(night)[joined]
        year_on = np.array([_year_on(day) for day in begun.tolist()])
        kept = self._paid_then(joined, year_on, night)
        asked = self._asked(joined, begun, year_on)
        names = [*self.parameters.words["partners"]["names"], "direct"]
        partner = self.sellers.partner[joined]
        coverage = ratio((partner >= 0).sum(), len(joined))
        groups = {names[p]: partner == p for p in np.unique(partner).tolist()}
        hidden = withheld_of(
            (name, int(who.sum()), set(joined[who].tolist())) for name, who in groups.items()
        )
        told = self._were_inquiries_told(edition, first)
        rows = []
        for name, who in groups.items():
            count, stayed = int(who.sum()), int(kept[who].sum())
            row = top | {"channel_partner": name}
            few = any(0 < part < FEWEST_SELLERS for part in (stayed, count - stayed))
            values: dict[str, tuple[int, int | None] | None] = {
                "new_sellers": (count, None),
                "retention_12m": None if few else (stayed, count),
                "inquiries_per_seller": (int(asked[who].sum()), count) if told else None,
            }
            for figure, sides in values.items():
                if name in hidden or sides is None:
                    row |= measure(figure, edition, night, None, None, None, coverage)
                    is_kept_back = name in hidden or figure == "retention_12m"
                    row[f"{figure}_symbol"] = "c" if is_kept_back else "x"
                else:
                    value = sides[0] / (sides[1] or 1)
                    row |= measure(figure, edition, night, value, *sides, coverage=coverage)
            rows.append(row)
        return rows

    def _opened_a_year_before(self, edition: Edition) -> bool:
        return any(
            before.year_basis == edition.year_basis
            and before.period_to.year == edition.period_to.year - 1
            and self.opening(before) is not None
            for before in self.ledger.editions
        )

    def _paid_then(self, sellers: Ints, days: Ints, night: int) -> Mask:
        """Whether a membership that the good nights have shown covers each seller's day."""
        covers = (self.sellers.paid_from[sellers] <= days[:, None]) & (
            days[:, None] <= self.sellers.paid_to[sellers]
        )
        return np.any(covers & (self.shown_on[sellers] <= night), axis=1)

    def _asked(self, sellers: Ints, first: Ints, end: Ints) -> Ints:
        """Inquiries to each seller from its first day on, before the last."""
        inquiries = self.inquiries
        place = np.full(len(self.sellers), -1, np.int64)
        place[sellers] = np.arange(len(sellers))
        here = place[inquiries.seller]
        counts = (here >= 0) & inquiries.is_dated & ~inquiries.is_tm & ~inquiries.is_spam
        counts &= (first[here] <= inquiries.day) & (inquiries.day < end[here])
        return np.bincount(here[counts], minlength=len(sellers))

    def _were_inquiries_told(self, edition: Edition, first: date) -> bool:
        last = edition.as_of["inquiries"]
        nights = self.ledger.good_inquiry_nights
        return (
            last is not None
            and last >= day_number(edition.period_to) - 1
            and min(nights) <= day_number(first)
        )


def _year_on(day: int) -> int:
    """The same date of the next year, for 29 February the 28th."""
    start = as_date(day)
    try:
        return day_number(start.replace(year=start.year + 1))
    except ValueError:
        return day_number(date(start.year + 1, 2, 28))
