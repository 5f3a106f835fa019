"""What the report must say of inquiries: how many, from whom, to whom, and how answered."""

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from tests.oracle.ground import (
    Row,
    days_columns,
    head,
    measure,
    not_available,
    ratio,
    rounded,
    withheld,
)
from tests.oracle.inquiry_spans import (
    InquirySpans,
    Span,
    mark,
    of_sellers,
    only,
    reply,
    span_columns,
    year_and_months,
)
from tests.oracle.ledger import Edition
from tests.oracle.withheld import is_few, is_split_few
from transforms.sample.universe import clock
from transforms.sample.universe.clock import as_date, day_number
from transforms.sample.universe.draw import Ints
from transforms.sample.universe.inquiries import NO_REPLY
from transforms.sample.universe.sellers import Mask

HOUR = 3600
RESPONSE_DAYS, RESPONSE_ENDS_BEFORE = 30, 7
REPLY_HOURS, CHAT_REPLY_HOURS = 24, 1
BUSY_SELLER = 10
REACH_FROM_INQUIRIES, WIDE_COUNTRIES, FAR_CONTINENTS = 5, 10, 4


class InquiryTables(InquirySpans):
    """Their rows, edition by edition."""

    NAMES: ClassVar[tuple[str, ...]] = (
        "inquiry_flow",
        "inquiries_by_city",
        "inquiring_buyers",
        "inquiries_per_seller",
        "inquiry_rate",
        "response_rate",
        "response_time",
        "rfq_demand",
        "destination_reach",
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

    def inquiry_flow(self, edition: Edition) -> list[Row]:
        rows = []
        for told in self.told(edition):
            value, coverage = None, None
            if told.is_available:
                value, coverage = len(told.counted), ratio(told.known, told.asked)
            rows.append(told.row | only("inquiries", told, value, coverage))
        return rows

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

    def response_rate(self, edition: Edition) -> list[Row]:
        night = edition.as_of["inquiries"]
        row: Row = {**head(edition, night), "window_from": None, "window_to": None}
        if night is None:
            row |= days_columns(RESPONSE_DAYS, 0) | measure("pooled", edition, *[None] * 5)
            return [row | measure("seller_median", edition, *[None] * 5)]
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
        row |= _guarded("pooled", edition, night, pooled, sellers)
        row |= _guarded("seller_median", edition, night, middle, many)
        if is_few(int((replied > 0).sum())) or is_few(int((replied < by_seller).sum())):
            withheld(row, "pooled")
        if many and is_few(sellers - many):
            withheld(row, "seller_median")
        return [row]

    def _responses(
        self, edition: Edition, window: Span, night: int
    ) -> tuple[Mask, Mask, Mask, Mask]:
        """Which inquiries and chats are valid, which of all were answered in time, which are known,
        and which came in the window."""
        every = self.inquiries
        reply_day = self.reply_day
        platform = clock.wall_seconds(every.received, self.parameters.platform_time_zone)
        platform_day = platform // clock.DAY
        told = ~every.is_spam & every.is_dated
        known_reply = (every.replied != NO_REPLY) & (reply_day <= self.last_delivered)
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
                if known_reply[i] and not every.is_auto[i]:
                    day = int(platform_day[i])
                    replies[day] = min(replies.get(day, 2**62), int(every.replied[i]))
            for i in several:
                answered[i] = replies.get(int(platform_day[i]), NO_REPLY)
        within = window.holds(np.where(every.is_dated, platform_day, self.delivered))
        within &= ~every.is_spam
        by_machine = known_reply & every.is_auto & (reply_day <= night)
        china = [c["iso2"] for c in self.parameters.words["inquiries"]["countries"]].index("CN")
        valid = within & told & ~again & ~by_machine & (every.country != china)
        limit = np.where(every.is_tm, CHAT_REPLY_HOURS, REPLY_HOURS) * HOUR
        in_time = (answered != NO_REPLY) & (answered - every.received <= limit)
        whose = self.known(edition)
        known = within & every.is_dated & whose.country[every.seller]
        return valid & whose.market[every.seller], in_time, known, within

    def rfq_demand(self, edition: Edition) -> list[Row]:
        """The sample has no requests for quotation."""
        names = ("rfqs", "quotes_per_rfq", "filled_share")
        year = Span("year", day_number(edition.period_from), day_number(edition.period_to))
        row = {**head(edition, None), **span_columns(year), "capped_nights": None}
        row |= days_columns(year.last - year.first + 1, 0)
        for name in names:
            row |= measure(name, edition, *[None] * 5)
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
                row |= measure(name, edition, *[None] * 5)
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
            row |= _guarded(name, edition, night, value, sellers)
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
        return np.where(self._paid_stretches(edition), np.maximum(end - first, 0), 0).sum(axis=1)


def _guarded(name: str, edition: Edition, night: int, values: tuple[Any, ...], sellers: int) -> Row:
    """A measure that rests on so many sellers: none is not available, few are withheld."""
    if is_few(sellers):
        return measure(name, edition, night, None, None, None, None) | {f"{name}_symbol": "c"}
    return measure(name, edition, night, *(values if sellers else [None] * 4))
