"""The truth about what is projected: monthly series, contest, and what stands against it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from statistics import median_low, stdev
from typing import ClassVar

from tests.oracle.inquiry_spans import InquirySpans
from tests.oracle.ledger import Edition
from tests.oracle.listings import ListingTables
from tests.oracle.rows import Row, head
from tests.oracle.withheld import is_few
from transforms.sample.universe.clock import as_date, day_number

MEASURES = {"inquiries": "inquiries", "live_listings": "listings", "paid_sellers": "sellers"}
METHODS = ("naive", "seasonal_naive", "drift", "same_month")
CLOSED_FORMS = ("drift", "same_month")
LEAST_MONTHS = {6: 24, 12: 36}
LEAST_ERRORS = 8
Z = 1.2815515655446004  # one in ten lies beyond it
NOTHING = dict.fromkeys(
    ("central", "low", "high", "method", "errors", "median_error", "usual_error", "worst_error")
)


@dataclass
class Case:
    """One projection made from a month: on logarithms, with what came of it, if that is known."""

    projected: float
    model_width: float | None
    actual: float | None
    known: list[float] = field(default_factory=list)  # absolute errors of earlier ones, sorted

    @property
    def error(self) -> float:
        assert self.actual is not None
        return self.actual - self.projected

    @property
    def half_width(self) -> float | None:
        widths = [] if self.model_width is None else [self.model_width]
        place = math.ceil(0.8 * (len(self.known) + 1))
        widths += self.known[place - 1 : place]
        return max(widths, default=None)


@dataclass
class Judged:
    """How a method did on the series that an edition knows, and what it projects."""

    method: str
    mase: float | None
    error: float | None
    change: float | None
    bias: float | None
    cases: int
    tested: int
    inside: int
    own: Case | None
    reason: str | None = None


class Series:
    """The good months of one measure, by year * 12 + month: nothing is filled in."""

    def __init__(self, values: dict[int, int], *, is_flow: bool) -> None:
        self.values = values
        self.logs = {place: math.log(value) for place, value in values.items()}
        self.is_flow = is_flow
        self._cases: dict[tuple[int, str], dict[int, Case]] = {}

    def changes(self, months: int, until: int) -> dict[int, float]:
        return {
            p: x - self.logs[p - months]
            for p, x in self.logs.items()
            if p <= until and p - months in self.logs
        }

    def cases(self, horizon: int, method: str) -> dict[int, Case]:
        """By the month that they were made from."""
        if (horizon, method) not in self._cases:
            found = {}
            for origin in self.logs:
                made = self._of_all(origin, horizon)
                if made:
                    found[origin] = Case(*made[method], self._actual(origin, horizon))
            for origin, case in found.items():
                before = [c for o, c in found.items() if o + horizon <= origin]
                case.known = sorted(abs(c.error) for c in before if c.actual is not None)
            self._cases[horizon, method] = found
        return self._cases[horizon, method]

    def _actual(self, origin: int, horizon: int) -> float | None:
        ahead = [self.values.get(origin + m) for m in range(1, horizon + 1)]
        if not self.is_flow:
            ahead = ahead[-1:]
        told = [value for value in ahead if value is not None]
        return math.log(sum(told)) if len(told) == len(ahead) else None

    def _of_all(self, origin: int, horizon: int) -> dict[str, tuple[float, float | None]] | None:
        """Projection and own width of each method; None unless all can be made."""
        first, here = min(self.logs), self.logs[origin]
        yearly = self.changes(12, origin)
        recent = [change for place, change in yearly.items() if place > origin - 12]
        if len(recent) < 6:
            return None
        monthly = list(self.changes(1, origin).values())
        slope, growth = (here - self.logs[first]) / (origin - first), sum(recent) / len(recent)
        paths: dict[str, list[float | None]] = {name: [] for name in METHODS}
        for ahead in range(1, horizon + 1):
            year_ago = self.logs.get(origin + ahead - 12)
            paths["naive"].append(here)
            paths["seasonal_naive"].append(year_ago)
            paths["drift"].append(here + ahead * slope)
            paths["same_month"].append(None if year_ago is None else year_ago + growth)
        widths = {
            "naive": _root(monthly, 0) * math.sqrt(horizon),
            "seasonal_naive": _root(list(yearly.values()), 0),
            "drift": _root(monthly, slope) * math.sqrt(horizon * (1 + horizon / (origin - first))),
            "same_month": (stdev(recent) if len(recent) > 1 else 0)
            * math.sqrt(1 + 1 / len(recent)),
        }
        found: dict[str, tuple[float, float | None]] = {}
        for name, path in paths.items():
            needed = path if self.is_flow else path[-1:]
            told = [x for x in needed if x is not None]
            if len(told) < len(needed):
                return None
            value = math.log(sum(map(math.exp, told))) if self.is_flow else told[0]
            found[name] = (value, None if self.is_flow else Z * widths[name])
        return found

    def jumped(self, last: int) -> bool:
        """Whether a month of the last year changed more than twice as much as any before it."""
        steps = {place: abs(change) for place, change in self.changes(1, last).items()}
        before = [step for place, step in steps.items() if place <= last - 12]
        since = [step for place, step in steps.items() if place > last - 12]
        return len(before) >= 12 and bool(since) and max(since) > 2 * max(before)


class ProjectionTables(ListingTables, InquirySpans):
    """What would be if growth went on, and how well that would have been told before."""

    NAMES: ClassVar[tuple[str, ...]] = ("projection", "projection_contest")

    def projection(self, edition: Edition) -> list[Row]:
        rows = []
        for measure, horizon, judged in self._contests(edition):
            forms = [one for one in judged if one.method in CLOSED_FORMS]
            best = min(
                forms,
                key=lambda j: (j.reason is not None, j.mase is None, j.mase or 0, j.method),
            )
            until = _last_day(_place(edition.period_to) + horizon)
            row = {
                **self._head(edition, measure),
                "measure": measure,
                "horizon": horizon,
                "projected_from": f"{edition.period_to + timedelta(1)}"
                if measure == "inquiries"
                else None,
                "projected_to": f"{until}",
                **NOTHING,
                "denominator": None,
                "coverage": None,
                "symbol": "f" if best.reason is None else _symbol(best.reason),
                "reason": best.reason,
            }
            if best.reason is None and best.own and best.own.half_width is not None:
                errors, width = best.own.known, best.own.half_width
                usual = errors[math.ceil(0.8 * (len(errors) + 1)) - 1]
                row |= {
                    "central": _three(math.exp(best.own.projected)),
                    "low": _three(math.exp(best.own.projected - width)),
                    "high": _three(math.exp(best.own.projected + width)),
                    "method": best.method,
                    "errors": len(errors),
                    "median_error": round(math.exp(median_low(errors)) - 1, 4),
                    "usual_error": round(math.exp(usual) - 1, 4),
                    "worst_error": round(math.exp(errors[-1]) - 1, 4),
                }
            rows.append({**row, "numerator": row["central"]})
        return rows

    def projection_contest(self, edition: Edition) -> list[Row]:
        rows = []
        for measure, horizon, judged in self._contests(edition):
            is_hidden = self._is_hidden(edition, measure)
            for one in judged:
                shown = self._is_told(edition, measure) and one.mase is not None and not is_hidden
                told = {
                    "mase": one.mase and round(one.mase, 3),
                    "bias": one.bias and round(one.bias, 4),
                    "cases": one.cases,
                    "tested": one.tested,
                    "inside": one.inside,
                    "numerator": one.error and round(one.error, 4),
                    "denominator": one.change and round(one.change, 4),
                }
                is_there = self._is_told(edition, measure) and one.mase is not None
                symbol = "x" if not is_there else "c" if is_hidden else "p"
                rows.append(
                    {
                        **self._head(edition, measure),
                        "measure": measure,
                        "horizon": horizon,
                        "method": one.method,
                        **(told if shown else dict.fromkeys(told)),
                        "coverage": None,
                        "symbol": symbol,
                    }
                )
        return rows

    def _head(self, edition: Edition, measure: str) -> Row:
        row = head(edition, edition.as_of[MEASURES[measure]])
        if measure == "inquiries":
            row["is_partial"] = self.over_the_year(edition)["is_partial"]
        return row

    def _is_told(self, edition: Edition, measure: str) -> bool:
        return edition.as_of[MEASURES[measure]] is not None and self.can_tell(edition)

    def _contests(self, edition: Edition) -> Iterator[tuple[str, int, list[Judged]]]:
        for measure in MEASURES:
            for horizon in (6, 12):
                yield measure, horizon, self._judged(edition, measure, horizon)

    def _judged(self, edition: Edition, measure: str, horizon: int) -> list[Judged]:
        series, last = self._series[edition.year_basis, measure], _place(edition.period_to)
        yearly = [abs(change) for change in series.changes(12, last).values()]
        change = sum(yearly) / len(yearly) if yearly else None
        found = []
        for method in METHODS:
            cases = series.cases(horizon, method)
            ended = [c for o, c in cases.items() if o + horizon <= last and c.actual is not None]
            error = sum(abs(c.error) for c in ended) / len(ended) if ended else None
            bias = sum(math.exp(-c.error) - 1 for c in ended) / len(ended) if ended else None
            tested = [c for c in ended if len(c.known) >= LEAST_ERRORS]
            inside = [c for c in tested if abs(c.error) <= (c.half_width or 0)]
            mase = error / change if error is not None and change else None
            found.append(
                Judged(
                    method,
                    mase,
                    error,
                    change,
                    bias,
                    len(ended),
                    len(tested),
                    len(inside),
                    cases.get(last),
                )
            )
        naive = [j.mase for j in found if j.method not in CLOSED_FORMS and j.mase is not None]
        for one in found:
            one.reason = self._reason(edition, measure, horizon, one, min(naive, default=None))
        return found

    def _reason(
        self, edition: Edition, measure: str, horizon: int, one: Judged, naive: float | None
    ) -> str | None:
        night, last = edition.as_of[MEASURES[measure]], _place(edition.period_to)
        series = self._series[edition.year_basis, measure]
        months = sum(place <= last for place in series.logs)
        if not self._is_told(edition, measure) or night is None:
            return "the exports do not hold it"
        if self._is_hidden(edition, measure):
            return "a month of it is withheld"
        if night < day_number(edition.period_to) or last not in series.logs:
            return "the year or its last month is not complete"
        if months < LEAST_MONTHS[horizon]:
            return f"{months} good months, fewer than {LEAST_MONTHS[horizon]}"
        if series.jumped(last):
            return "a month of the last year changed more than twice as much as any before"
        if one.own is None:
            return "a month that it rests on is missing"
        if len(one.own.known) < LEAST_ERRORS:
            return f"{len(one.own.known)} past projections with a known outcome, fewer than 8"
        if one.mase is None or naive is None or one.mase >= naive:
            return "not better than both naive methods"
        if one.tested >= 10 and not 0.65 <= one.inside / one.tested <= 0.95:
            fit = "wide" if one.inside / one.tested > 0.95 else "narrow"
            return (
                f"its 80% bands were too {fit}, since {one.inside} of {one.tested} held the "
                "outcome (65 to 95% is required)"
            )
        if math.exp(one.own.half_width or 0) - 1 > 0.25:
            return "its band would be wider than 25% to a side"
        return None

    def _is_hidden(self, edition: Edition, measure: str) -> bool:
        """A withheld month hides the series from its year on."""
        return any(
            (other.name, measure) in self._hidden
            for other in self.ledger.editions
            if other.year_basis == edition.year_basis and other.period_to <= edition.period_to
        )

    @cached_property
    def _months(self) -> list[tuple[Edition, str, int, int, bool]]:
        """Edition, measure, month, number, whether it is good, of all that can be told."""
        found = []
        closing = {_place(as_date(n)): n for n in sorted(self.ledger.good_seller_nights)}
        for edition in self.ledger.editions:
            last, opens = _place(edition.period_to), _place(edition.period_from)
            if self._is_told(edition, "paid_sellers"):
                for place in range(opens, last + 1):
                    if place in closing:
                        night = closing[place]
                        found.append(
                            (edition, "paid_sellers", place, self.paid(night), _is_late(night))
                        )
            if self._is_told(edition, "live_listings"):
                for month, night in self.ledger.turnover.closed_on.items():
                    if edition.period_from <= month <= edition.period_to:
                        count, _ = self._stock(edition, self.ledger.live, night)
                        found.append(
                            (edition, "live_listings", _place(month), count or 0, _is_late(night))
                        )
            if self._is_told(edition, "inquiries"):
                for told in self.told(edition):
                    if told.span.name == "month":
                        is_whole = len(told.days) == told.span.last - told.span.first + 1
                        place = _place(as_date(told.span.first))
                        found.append((edition, "inquiries", place, len(told.counted), is_whole))
        return found

    @cached_property
    def _series(self) -> dict[tuple[str, str], Series]:
        values: dict[tuple[str, str], dict[int, int]] = {
            (basis, measure): {} for basis in ("fiscal", "calendar") for measure in MEASURES
        }
        for edition, measure, place, value, is_good in self._months:
            if is_good and value:
                values[edition.year_basis, measure][place] = value
        return {
            key: Series(dict(sorted(of.items())), is_flow=key[1] == "inquiries")
            for key, of in values.items()
        }

    @cached_property
    def _hidden(self) -> set[tuple[str, str]]:
        """Editions and measures of which a month or the whole is of too few sellers."""
        found = {
            (edition.name, "paid_sellers")
            for edition, measure, _, value, _ in self._months
            if measure == "paid_sellers" and is_few(value)
        }
        for edition in self.ledger.editions:
            census, night = edition.as_of["sellers"], edition.as_of["listings"]
            if census is not None and is_few(self.paid(census)):
                found.add((edition.name, "paid_sellers"))
            closed = [
                n
                for month, n in self.ledger.turnover.closed_on.items()
                if edition.period_from <= month <= edition.period_to
            ]
            if any(
                self._is_live_few(edition, n)
                for n in [*closed, *([] if night is None else [night])]
            ):
                found.add((edition.name, "live_listings"))
            if any(name == edition.name for name, _ in self.withheld_months):
                found.add((edition.name, "inquiries"))
            if self.is_year_withheld(edition):
                found.add((edition.name, "inquiries"))
        return found


def _root(changes: list[float], about: float) -> float:
    return math.sqrt(sum((c - about) ** 2 for c in changes) / len(changes)) if changes else 0.0


def _place(day: date) -> int:
    return day.year * 12 + day.month


def _last_day(place: int) -> date:
    """Of the month with that place: places run from 1 in January."""
    return date(place // 12, place % 12 + 1, 1) - timedelta(1)


def _is_late(night: int) -> bool:
    """Whether it is one of the last seven days of its month."""
    day = as_date(night)
    return day > _last_day(_place(day)) - timedelta(7)


def _symbol(reason: str) -> str:
    return "c" if reason == "a month of it is withheld" else "x"


def _three(value: float) -> float:
    """Rounded to three digits."""
    return round(value, 2 - math.floor(math.log10(value)))
