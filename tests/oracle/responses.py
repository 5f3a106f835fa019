"""The truth about answers: who replied to inquiries, and how soon."""

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from tests.oracle.inquiry_spans import (
    InquirySpans,
    Span,
    reply,
)
from tests.oracle.ledger import Edition
from tests.oracle.rows import (
    Row,
    cells_of,
    days_columns,
    guarded,
    head,
    measure,
    ratio,
    withheld,
)
from tests.oracle.withheld import Cell, gives_away, is_few
from transforms.sample.universe import clock
from transforms.sample.universe.clock import as_date
from transforms.sample.universe.draw import Ints
from transforms.sample.universe.inquiries import NO_REPLY
from transforms.sample.universe.sellers import Mask

HOUR = 3600

BUSY_SELLER = 10
RESPONSE_DAYS, RESPONSE_ENDS_BEFORE = 30, 7
REPLY_HOURS, CHAT_REPLY_HOURS = 24, 1


class ResponseTables(InquirySpans):
    """One method per table, each giving the rows of one edition."""

    NAMES: ClassVar[tuple[str, ...]] = (
        "response_rate",
        "response_rate_by_city",
        "response_time",
    )

    def response_time(self, edition: Edition) -> list[Row]:
        rows = []
        for told in self.told(edition):
            row = dict(told.row)
            of, hours, coverage = 0, np.zeros(0), None
            if told.is_available:
                replied = told.replied != NO_REPLY
                by_hand = ~(replied & told.counted.is_auto)
                both = replied & by_hand
                of = int(by_hand.sum())
                hours = (told.replied - told.counted.received)[both] / HOUR
                coverage = ratio(len(replied), len(replied))
            median = float(np.median(hours)) if len(hours) else None
            shown = told.is_available and of > 0
            row |= reply("median_hours", told, median, len(hours), of, coverage, is_told=shown)
            unreplied = (of - len(hours)) / of if of else None
            without = of - len(hours)
            row |= reply("unreplied_share", told, unreplied, without, of, coverage, is_told=shown)
            rows.append(row)
        return rows

    def response_rate(self, edition: Edition) -> list[Row]:
        night = edition.as_of["inquiries"]
        row: Row = {**head(edition, night), "window_from": None, "window_to": None}
        if night is None:
            row |= days_columns(RESPONSE_DAYS, 0) | measure("pooled")
            return [row | measure("seller_median")]
        last = night - RESPONSE_ENDS_BEFORE
        window = Span("window", last - RESPONSE_DAYS + 1, last)
        row["window_from"], row["window_to"] = f"{as_date(window.first)}", f"{as_date(last)}"
        is_late = row["is_partial"]
        row |= days_columns(RESPONSE_DAYS, int(window.holds(self.covered).sum()))
        row["is_partial"] |= is_late
        valid, in_time, known, within = self._responses(edition, window, night)
        by_seller = np.bincount(self.inquiries.seller[valid], minlength=len(self.sellers))
        replied = np.bincount(self.inquiries.seller[valid & in_time], minlength=len(self.sellers))
        busy = by_seller >= BUSY_SELLER
        sellers, many = int((by_seller > 0).sum()), int(busy.sum())
        of, answered = int(valid.sum()), int((valid & in_time).sum())
        coverage = ratio(known.sum(), within.sum())
        median = float(np.median(replied[busy] / by_seller[busy])) if many else None
        pooled: tuple[Any, ...] = (answered / of if of else None, answered, of, coverage)
        middle: tuple[Any, ...] = (median, many, sellers, coverage)
        if not self.can_tell(edition):
            sellers, many = 0, 0
        row |= guarded("pooled", pooled, sellers)
        row |= guarded("seller_median", middle, many)
        if is_few(int((replied > 0).sum())) or is_few(int((replied < by_seller).sum())):
            withheld(row, "pooled")
        if many and is_few(sellers - many):
            withheld(row, "seller_median")
        return [row]

    def response_rate_by_city(self, edition: Edition) -> list[Row]:
        night = edition.as_of["inquiries"]
        (row,) = self.response_rate(edition)
        over = {k: row[k] for k in (*head(edition, night), "window_from", "window_to")}
        over |= days_columns(row["days"], row["days_covered"]) | {"is_partial": row["is_partial"]}
        cells = self._answers(edition)
        key = {"city_key": "not_available", "city": "Not available"}
        told = dict.fromkeys(("response_rate", "numerator", "denominator", "coverage"))
        withheld, is_whole = self._cities_of_few(edition)
        if is_whole or row["pooled_symbol"] == "c" or not cells:
            is_closed = bool(cells) and self.can_tell(edition)
            return [{**over, **key, **told, "symbol": "c" if is_closed else "x"}]
        everything = sum(cell["valid"].things for cell in cells.values())
        unknown = cells[-1]["valid"].things if -1 in cells else 0
        rows = []
        for city, classes in cells.items():
            if city >= 0:
                place = self.parameters.places[city]
                key = {"city_key": place.city_key, "city": place.city}
            else:
                key = {"city_key": "unknown", "city": "Unknown"}
            is_hidden = key["city_key"] in withheld
            of = classes["valid"].things
            replied = classes["in time"].things if "in time" in classes else 0
            told = {
                "response_rate": None if is_hidden else ratio(replied, of),
                "numerator": None if is_hidden else replied,
                "denominator": None if is_hidden else of,
                "coverage": ratio(everything - unknown, everything),
            }
            rows.append({**over, **key, **told, "symbol": "c" if is_hidden else "p"})
        return rows

    def _answers(self, edition: Edition) -> dict[int, dict[str, Cell]]:
        """By city (-1 for all unknown ones): valid messages, those answered in time and the others,
        each with its sellers."""
        night = edition.as_of["inquiries"]
        if night is None or not self.can_tell(edition):
            return {}
        last = night - RESPONSE_ENDS_BEFORE
        window = Span("window", last - RESPONSE_DAYS + 1, last)
        valid, in_time, _, _ = self._responses(edition, window, night)
        city = self.known(edition).city[self.inquiries.seller]
        found: dict[int, dict[str, Cell]] = {}
        for name, which in (
            ("valid", valid),
            ("in time", valid & in_time),
            ("late or never", valid & ~in_time),
        ):
            for key, cell in cells_of(self.inquiries.seller[which], city[which]).items():
                found.setdefault(key, {})[name] = cell
        return found

    def _cities_of_few(self, edition: Edition) -> tuple[set[str], bool]:
        """Keys of the cities of which a class is of few sellers, and of what would give them away;
        and whether all is withheld."""
        cells = self._answers(edition)
        named = {self.parameters.places[c].city_key for c in cells if c >= 0}
        withheld = self._few_cities(cells)
        sellers = [cell.sellers for classes in cells.values() for cell in classes.values()]
        everybody = frozenset[int]().union(*sellers)
        return withheld, is_few(len(everybody)) or (bool(named) and named == withheld)

    def _few_cities(self, cells: dict[int, dict[str, Cell]]) -> set[str]:
        by_key = {self.parameters.places[c].city_key: cells[c] for c in cells if c >= 0}
        small = {
            key
            for key, classes in by_key.items()
            if any(is_few(len(cell.sellers)) for cell in classes.values())
        }
        rest = [
            (sum(cell.things for cell in classes.values()), key)
            for key, classes in by_key.items()
            if key not in small
        ]
        of_class: dict[str, list[Cell]] = {}
        for key in small:
            for name, cell in by_key[key].items():
                of_class.setdefault(name, []).append(cell)
        if rest and any(gives_away(found) for found in of_class.values()):
            small.add(min(rest)[1])
        return small

    def _responses(
        self, edition: Edition, window: Span, night: int
    ) -> tuple[Mask, Mask, Mask, Mask]:
        """Which inquiries and chats are valid, which of all were answered in time, which are known,
        and which came in the window."""
        every = self.inquiries
        again, answered = self._again_and_answered
        within = window.holds(np.where(every.is_dated, self._platform_day, self.delivered))
        within &= ~every.is_spam
        by_machine = self._is_reply_known & every.is_auto & (self.reply_day <= night)
        china = [c["iso2"] for c in self.parameters.words["inquiries"]["countries"]].index("CN")
        valid = within & every.is_dated & ~again & ~by_machine & (every.country != china)
        limit = np.where(every.is_tm, CHAT_REPLY_HOURS, REPLY_HOURS) * HOUR
        in_time = (answered != NO_REPLY) & (answered - every.received <= limit)
        whose = self.known(edition)
        known = within & every.is_dated & whose.country[every.seller]
        return valid & whose.market[every.seller], in_time, known, within

    @cached_property
    def _platform_day(self) -> Ints:
        received = self.inquiries.received
        return clock.wall_seconds(received, self.parameters.platform_time_zone) // clock.DAY

    @cached_property
    def _is_reply_known(self) -> Mask:
        is_replied = self.inquiries.replied != NO_REPLY
        found: Mask = is_replied & (self.reply_day <= self.last_delivered)
        return found

    @cached_property
    def _again_and_answered(self) -> tuple[Mask, Ints]:
        """Which inquiries came within a day of one from the same buyer, and when a person first
        replied to any of its buyer's of the same day."""
        every = self.inquiries
        told = ~every.is_spam & every.is_dated
        again = np.zeros(len(every), bool)
        answered = np.full(len(every), NO_REPLY)
        by_pair: dict[tuple[int, ...], list[int]] = {}
        for i in np.flatnonzero(told)[np.argsort(every.received[told], kind="stable")].tolist():
            pair = (int(every.is_tm[i]), int(every.seller[i]), int(every.buyer[i]))
            by_pair.setdefault(pair, []).append(i)
        for several in by_pair.values():
            for before, i in zip(several, several[1:], strict=False):
                again[i] = every.received[i] - every.received[before] < 24 * HOUR
            replies: dict[int, int] = {}
            for i in several:
                if self._is_reply_known[i] and not every.is_auto[i]:
                    day = int(self._platform_day[i])
                    replies[day] = min(replies.get(day, 2**62), int(every.replied[i]))
            for i in several:
                answered[i] = replies.get(int(self._platform_day[i]), NO_REPLY)
        return again, answered
