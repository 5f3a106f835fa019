"""The truth about inquiries per visitor, as the listings themselves count them."""

from functools import cached_property
from typing import ClassVar

import numpy as np

from tests.oracle.ground import Ground
from tests.oracle.inquiry_spans import (
    Span,
    mark,
    span_columns,
    year_and_months,
)
from tests.oracle.ledger import Edition
from tests.oracle.rows import (
    Row,
    head,
    ratio,
    rounded,
)
from tests.oracle.withheld import is_few
from transforms.sample.universe.clock import as_date, day_number
from transforms.sample.universe.draw import Ints


class InquiryRateTables(Ground):
    """One method per table, each giving the rows of one edition."""

    NAMES: ClassVar[tuple[str, ...]] = ("inquiry_rate",)

    def inquiry_rate(self, edition: Edition) -> list[Row]:
        night = edition.as_of["listings"]
        spans = year_and_months(edition, night)
        nights = np.array([n for n in self.ledger.visits if night is not None and n <= night])
        sundays = np.unique(nights - (nights + 4) % 7) if len(nights) else nights  # Thursday began
        weeks = [Span("week", int(s), int(s) + 6) for s in sundays]
        opens, closes = day_number(edition.period_from), day_number(edition.period_to)
        spans += [week for week in weeks if opens <= week.last <= closes]
        told = [self._visits_of(edition, span, nights) for span in spans]
        rows = []
        for span, (count, inquiries, visitors, coverage) in zip(spans, told, strict=True):
            is_available = self.can_tell(edition) and visitors > 0
            is_withheld = self._is_rate_withheld(edition, span)
            is_shown = is_available and not is_withheld
            rows.append(
                {
                    **head(edition, night),
                    **span_columns(span),
                    "is_partial": told[0][0] < spans[0].last - spans[0].first + 1,
                    "days": span.last - span.first + 1,
                    "nights": count,
                    "inquiry_rate": rounded(inquiries / visitors) if is_shown else None,
                    "numerator": inquiries if is_shown else None,
                    "denominator": visitors if is_shown else None,
                    "coverage": coverage if is_available else None,
                    "symbol": mark(night, is_available, is_withheld),
                }
            )
        return rows

    def _visits_of(
        self, edition: Edition, span: Span, nights: Ints
    ) -> tuple[int, int, int, float | None]:
        """Nights, inquiries, visitors, and the coverage."""
        told = self.known(edition)
        within = [n for n in nights.tolist() if span.first <= n <= span.last]
        inquiries = visitors = known = every = 0
        for night in within:
            visits = self.ledger.visits[night]
            ours = told.market[visits.seller] & visits.is_stated
            inquiries += int(visits.inquiries[ours].sum())
            visitors += int(visits.visitors[ours].sum())
            known += int((told.country[visits.seller] & visits.is_stated).sum())
            every += len(visits.seller)
        return len(within), inquiries, visitors, ratio(known, every)

    def _is_rate_withheld(self, edition: Edition, span: Span) -> bool:
        """A month or week that touches an edition with a night of few sellers and that ends no
        later; a year with nights that the same editions share, none of which has enough."""
        if span.name == "year":
            return any(most for most in self._small_nights.get(edition.name, []))
        return any(
            day_number(other.period_from) <= span.last and day_number(other.period_to) >= span.first
            for other in self.ledger.editions
            if other.name in self._small_nights and other.period_to <= edition.period_to
        )

    @cached_property
    def _small_nights(self) -> dict[str, list[bool]]:
        """Editions with a night of few sellers; for each part with one, whether all are such."""
        parts: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        for night, visits in self.ledger.visits.items():
            day = as_date(night)
            sharing = [e for e in self.ledger.editions if e.period_from <= day <= e.period_to]
            names = tuple(e.name for e in sharing)
            for edition in sharing:
                ours = self.known(edition).market[visits.seller]
                if count := int((ours & visits.is_stated).sum()):
                    parts.setdefault((edition.name, names), []).append(count)
        found: dict[str, list[bool]] = {}
        for (name, _), counts in parts.items():
            if is_few(min(counts)):
                found.setdefault(name, []).append(is_few(max(counts)))
        return found
