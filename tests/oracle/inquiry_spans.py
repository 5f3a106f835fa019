"""The years, months and weeks of editions, and the inquiries that count in each."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tests.oracle.ground import Ground, Spans
from tests.oracle.ledger import Edition
from tests.oracle.rows import Row, head, rounded
from transforms.sample.universe import clock
from transforms.sample.universe.clock import as_date, day_number
from transforms.sample.universe.draw import Ints
from transforms.sample.universe.inquiries import NO_REPLY, Inquiries
from transforms.sample.universe.sellers import Mask


@dataclass(frozen=True)
class Span:
    """The year, a month or a week of an edition; days as numbers, both ends included."""

    name: str
    first: int
    last: int

    def holds(self, day: Ints) -> Mask:
        return (self.first <= day) & (day <= self.last)


@dataclass
class Told:
    """The inquiries of one span of an edition."""

    edition: Edition
    span: Span
    night: int | None
    days: Ints  # those that deliveries cover
    counted: Inquiries
    replied: Ints
    known: int
    asked: int
    is_available: bool
    is_withheld: bool = False
    is_reply_withheld: bool = False
    is_partial: bool = False  # of the whole year

    @property
    def row(self) -> Row:
        return {
            **head(self.edition, self.night),
            "is_partial": self.is_partial,
            **span_columns(self.span),
            "days": self.span.last - self.span.first + 1,
            "days_covered": len(self.days),
        }


class InquirySpans(Ground):
    """What every table of inquiries by month stands on."""

    @cached_property
    def reply_day(self) -> Ints:
        ahead = clock.offset_seconds(self.parameters.time_zone)
        return (self.inquiries.replied + ahead) // clock.DAY

    @cached_property
    def last_delivered(self) -> Ints:
        return self.ledger.last_delivered()

    def told(self, edition: Edition) -> list["Told"]:
        """The year and the months of an edition, with the inquiries that count in each."""
        return self._told[edition.name]

    @cached_property
    def _told(self) -> dict[str, list["Told"]]:
        return {edition.name: self._told_of(edition) for edition in self.ledger.editions}

    def _told_of(self, edition: Edition) -> list["Told"]:
        night = edition.as_of["inquiries"]
        every = self.inquiries
        nobody = np.zeros(len(every), bool)
        counted, asked = (nobody, nobody)
        if night is not None:
            counted, asked = self.inquiries_of(edition, night)
        day = np.where(every.is_dated, every.day, self.delivered)
        known = asked & every.is_dated & self.known(edition).country[every.seller]
        replied = self.replied_by(night)
        found = []
        for span in year_and_months(edition, night):
            here = span.holds(day)
            days = self.covered[span.holds(self.covered)]
            days = days[days <= (-1 if night is None else night)]
            found.append(
                Told(
                    edition,
                    span,
                    night,
                    days,
                    every.take(counted & here),
                    replied[counted & here],
                    int((known & here).sum()),
                    int((asked & here).sum()),
                    self.can_tell(edition) and len(days) > 0,
                )
            )
        for told in found:
            month = None if told.span.name == "year" else told.span.first
            told.is_withheld = (edition.name, month) in self.withheld_months
            told.is_reply_withheld = (edition.name, month) in self._withheld_replies
            told.is_partial = self.over_the_year(edition)["is_partial"]
        return found

    def replied_by(self, night: int | None) -> Ints:
        """When each inquiry was replied to, as far as it was known that night."""
        known = np.minimum(self.last_delivered, -1 if night is None else night)
        return np.where(self.reply_day <= known, self.inquiries.replied, NO_REPLY)

    @cached_property
    def _withheld_replies(self) -> Spans:
        """The same for replies: neither who replied nor who did not may be too few."""
        every = self.inquiries
        groups = {}
        for edition in self.ledger.editions:
            counted = self.counted_in[edition.name]
            replied = self.replied_by(edition.as_of["inquiries"]) != NO_REPLY
            groups[edition.name] = [counted, counted & replied & ~every.is_auto, counted & ~replied]
        return self.withheld_spans(groups)


def year_and_months(edition: Edition, night: int | None) -> list[Span]:
    opens, closes = day_number(edition.period_from), day_number(edition.period_to)
    spans = [Span("year", opens, closes)]
    if night is not None:
        spans += [Span("month", first, end - 1) for _, first, end in clock.months(opens, night)]
    return spans


def span_columns(span: Span) -> Row:
    return {
        "span": span.name,
        "span_from": f"{as_date(span.first)}",
        "span_to": f"{as_date(span.last)}",
    }


def mark(night: int | None, is_available: bool, is_withheld: bool) -> str:
    if not is_available or night is None:
        return "x"
    return "c" if is_withheld else "p"


def only(name: str, told: Told, value: int | None, coverage: float | None) -> Row:
    """The columns of a table with one count."""
    shown = None if told.is_withheld else value
    return {
        name: shown,
        "numerator": shown,
        "denominator": None,
        "coverage": coverage,
        "symbol": mark(told.night, told.is_available, told.is_withheld),
    }


def reply(
    name: str,
    told: Told,
    value: float | None,
    numerator: int,
    denominator: int,
    coverage: float | None,
    *,
    is_told: bool,
) -> Row:
    shown = told.is_available and not told.is_reply_withheld
    symbol = mark(told.night, is_told, told.is_reply_withheld)
    return {
        name: rounded(value) if shown else None,
        f"{name}_numerator": numerator if shown else None,
        f"{name}_denominator": denominator if shown else None,
        f"{name}_coverage": coverage,
        f"{name}_symbol": "x" if shown and value is None else symbol,
    }


def of_sellers(
    name: str,
    told: Told,
    is_available: bool,
    is_withheld: bool,
    coverage: float | None,
    numerator: int,
    denominator: float | None,
    *,
    hides_all: bool | None = None,
) -> Row:
    shown = is_available and not is_withheld
    whole = is_available and not (is_withheld if hides_all is None else hides_all)
    value = numerator / denominator if shown and denominator else None
    return {
        name: rounded(value),
        f"{name}_numerator": numerator if shown else None,
        f"{name}_denominator": rounded(denominator) if whole else None,
        f"{name}_coverage": coverage,
        f"{name}_symbol": mark(told.night, is_available, is_withheld),
    }
