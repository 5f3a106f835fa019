"""The truth about cohorts: sellers that joined in one year, by partner, and twelve months on."""

from datetime import date
from typing import ClassVar

import numpy as np

from tests.oracle.ledger import Edition
from tests.oracle.rows import Row, cells_of, head, measure, ratio, withheld
from tests.oracle.seller_flow import FlowTables
from tests.oracle.withheld import is_few, is_split_few, withheld_of
from transforms.sample.universe.clock import as_date, day_number
from transforms.sample.universe.draw import Ints
from transforms.sample.universe.sellers import Mask

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
            "days": day_number(edition.period_to) - day_number(first),
            "days_covered": self._days_covered(edition, first),
        }
        told = self._were_inquiries_told(edition, first)
        top["is_partial"] |= told and top["days_covered"] < top["days"]
        joined = self._joined(edition)
        if night is None or not len(joined):
            row = top | {"channel_partner": "not_available"}
            for name in MEASURES:
                row |= measure(name)
            return [row]
        kept, asked = self._kept_and_asked(edition, night)
        partner = self.sellers.partner[joined]
        groups = {self._names[p]: partner == p for p in np.unique(partner).tolist()}
        hidden, few_kept, few_asked = self._small(edition)
        if edition.year_basis == "calendar" or set(groups) <= hidden or is_few(len(joined)):
            return [withheld(top | {"channel_partner": "not_available"}, *MEASURES)]
        coverage = ratio((partner >= 0).sum(), len(joined))
        rows = []
        for name, who in groups.items():
            count, stayed = int(who.sum()), int(kept[who].sum())
            row = top | {"channel_partner": name}
            values: dict[str, tuple[int, int | None] | None] = {
                "new_sellers": (count, None),
                "retention_12m": None if name in few_kept else (stayed, count),
                "inquiries_per_seller": (int(asked[who].sum()), count)
                if told and name not in few_asked
                else None,
            }
            kept_back = {
                "retention_12m": name in few_kept,
                "inquiries_per_seller": name in few_asked,
            }
            for figure, sides in values.items():
                if name in hidden or sides is None:
                    row |= measure(figure, coverage=coverage)
                    is_kept_back = name in hidden or kept_back[figure]
                    row[f"{figure}_symbol"] = "c" if is_kept_back else "x"
                else:
                    value = sides[0] / (sides[1] or 1)
                    row |= measure(figure, value, *sides, coverage=coverage)
            rows.append(row)
        return rows

    @property
    def _names(self) -> list[str]:
        return [*self.parameters.words["partners"]["names"], "direct"]

    def _joined(self, edition: Edition) -> Ints:
        """Sellers of the edition's cohort; none where its years cannot be judged."""
        night = edition.as_of["sellers"]
        if night != day_number(edition.period_to) or not self._opened_a_year_before(edition):
            return np.zeros(0, np.int64)
        opens = edition.period_from
        start = self.first_paid(edition)
        first = day_number(opens.replace(year=opens.year - 1))
        return np.flatnonzero((first <= start) & (start < day_number(opens)))

    def _kept_and_asked(self, edition: Edition, night: int) -> tuple[Mask, Ints]:
        """Whether each seller of the cohort stayed a year, and the inquiries that it received."""
        joined = self._joined(edition)
        begun = self.first_paid(edition)[joined]
        year_on = np.array([_year_on(day) for day in begun.tolist()])
        return self._paid_then(joined, year_on, night), self._asked(joined, begun, year_on)

    def _small(self, edition: Edition) -> tuple[set[str], set[str], set[str]]:
        """Partners that the edition by itself withholds; of which few or all stayed or left; of
        which few were asked."""
        night, joined = edition.as_of["sellers"], self._joined(edition)
        if night is None or not len(joined):
            return set(), set(), set()
        partner, names = self.sellers.partner[joined], self._names
        place = np.where(partner < 0, len(names) - 1, partner)
        cells = cells_of(joined, place)
        kept, asked = self._kept_and_asked(edition, night)
        few_kept, few_asked = set(), set()
        for number in cells:
            who = place == number
            stayed, count = int(kept[who].sum()), int(who.sum())
            if is_split_few(stayed, count) or stayed in (0, count):
                few_kept.add(names[number])
            if is_few(int((asked[who] > 0).sum())):
                few_asked.add(names[number])
        return withheld_of({names[n]: cell for n, cell in cells.items()}), few_kept, few_asked

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
        found: Mask = np.any(covers & (self.shown_on[sellers] <= night), axis=1)
        return found

    def _asked(self, sellers: Ints, first: Ints, end: Ints) -> Ints:
        """Inquiries to each seller from its first day on, before the last."""
        inquiries = self.inquiries
        place = np.full(len(self.sellers), -1, np.int64)
        place[sellers] = np.arange(len(sellers))
        here = place[inquiries.seller]
        counts = (here >= 0) & inquiries.is_dated & ~inquiries.is_tm & ~inquiries.is_spam
        counts &= (first[here] <= inquiries.day) & (inquiries.day < end[here])
        return np.bincount(here[counts], minlength=len(sellers))

    def _days_covered(self, edition: Edition, first: date) -> int:
        """Of the days from the cohort's first to the last of anybody's twelve months."""
        last = day_number(edition.period_to) - 1
        night = edition.as_of["inquiries"]
        until = -1 if night is None else min(night, last)
        return int(((day_number(first) <= self.covered) & (self.covered <= until)).sum())

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
