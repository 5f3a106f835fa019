"""Which nights a delivery is due on, and which of them something happens to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from transforms.sample.universe.clock import day_number
from transforms.sample.universe.draw import generator

DATASETS = ("sellers", "listings", "inquiries")
OK, LATE, HELD, MISSING = "ok", "late", "held", "missing"

_INCIDENTS = 301  # stream of random numbers


@dataclass(frozen=True)
class Range:
    """An inclusive stretch of nights, and how often a delivery is due in it."""

    first: date
    last: date
    every: str

    def nights(self) -> list[date]:
        days = (self.last - self.first).days + 1
        return [d for d in (self.first + timedelta(n) for n in range(days)) if self._is_due(d)]

    def _is_due(self, day: date) -> bool:
        if self.every == "week":
            return day.isoweekday() == 7
        if self.every == "month":
            return (day + timedelta(1)).day == 1
        return True


@dataclass(frozen=True)
class Night:
    """One due night. `ordinal` counts the sample's due nights, `window_from` is the first day
    whose inquiries it delivers, `incident` is "" or a key of `_STATUSES`."""

    day: date
    number: int
    ordinal: int
    window_from: int
    incident: str

    def status(self, dataset: str) -> str:
        return _STATUSES[self.incident].get(dataset, OK)

    def is_good(self, dataset: str) -> bool:
        return self.status(dataset) in (OK, LATE)


_STATUSES: dict[str, dict[str, str]] = {
    "": {},
    "revised": {},
    "missing": dict.fromkeys(DATASETS, MISSING),
    "no_inquiries": {"inquiries": MISSING},
    "late": dict.fromkeys(DATASETS, LATE),
    "truncated": {"listings": HELD},
}


def plan(
    ranges: Iterable[Range], seed: int, incidents: dict[str, Any], fiscal_month: int
) -> list[Night]:
    """The due nights of all ranges in order, with what happens to them.

    Nothing happens on the last night of a year: the report of the year stands on it.
    """
    nights: list[Night] = []
    for stretch in ranges:
        happens = _incidents(stretch, seed, incidents, fiscal_month)
        for day in stretch.nights():
            opens = nights[-1].number + 1 if nights else _first_window(day, stretch.every)
            nights.append(Night(day, day_number(day), len(nights), opens, happens.get(day, "")))
    return nights


def _first_window(day: date, every: str) -> int:
    """Before the first night nothing was delivered: it brings its own period only."""
    if every == "week":
        return day_number(day) - 6
    if every == "month":
        return day_number(day.replace(day=1))
    return day_number(day)


def _incidents(stretch: Range, seed: int, p: dict[str, Any], fiscal_month: int) -> dict[date, str]:
    """What happens on which night of one range: settled by the range alone, so that adding
    another one later changes nothing that was already delivered."""
    due = stretch.nights()
    if len(due) < p["least_nights"]:
        return {}
    spared = {len(due) - 1}
    for year in range(due[0].year, due[-1].year + 1):
        for opening in (date(year, fiscal_month, 1), date(year + 1, 1, 1)):
            spared.add(sum(day < opening for day in due) - 1)
    shuffled = generator(seed, _INCIDENTS, day_number(stretch.first), day_number(stretch.last))
    order = [i for i in shuffled.permutation(len(due)).tolist() if i not in spared]
    happens: dict[int, str] = {}
    # One night before it may be missing, so one more than the good ones it needs.
    settled = [i for i in order if i > p["good_nights_before_truncated"]]
    if settled:
        happens[settled[0]] = "truncated"
        order.remove(settled[0])
    kinds = ("revised", "missing", "late", "no_inquiries", "late")
    happens.update(zip(order, kinds, strict=False))
    return {due[i]: what for i, what in happens.items()}
