"""Figures as points: which of them a chart draws and a sentence may compare."""

import tomllib
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

from warehouse.page import words
from warehouse.page.edition import Edition

# Two rates of windows differ if they are further apart than this many standard errors.
Z = 1.96
# Dates are "a year apart" within this margin: the last good night may be a few days early. Two
# flows are comparable if the numbers of days covered differ by no more.
SLACK = timedelta(days=7)


@dataclass(frozen=True)
class Figure:
    """One entry of sections.toml; see there."""

    id: str
    table: str
    measure: str
    kind: str
    title: str
    noun: str
    unit: str
    columns: list[str]
    of: str = ""
    label: str = ""
    key: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    figure: str = ""
    growth: str = ""
    month: str = ""
    covered_by: str = ""
    of_year: str = ""
    watched: str = ""
    since: str = ""
    until: str = "as_of"
    row: str = ""
    beside: str = ""
    low: str = ""
    high: str = ""
    size: str = ""
    names: dict[str, str] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    real_only: tuple[str, ...] | list[str] = ()
    is_level: bool = False
    is_main_point: bool = False
    is_half: bool = False
    is_seen: bool = False
    is_bare: bool = False

    @property
    def name(self) -> str:
        """Its name in meta.availability."""
        return self.figure or self.table

    @property
    def is_drawn(self) -> bool:
        """Whether it is a figure of the page, and not only a row of "All measures"."""
        return self.kind != "measure"


@dataclass(frozen=True)
class Point:
    """One published figure of a year, and of a class if the table has classes."""

    edition: str
    value: float | None
    symbol: str | None
    as_of: date | None
    key: str = ""
    label: str = ""
    numerator: int | None = None
    denominator: int | None = None
    on: date | None = None
    census_on: date | None = None  # night that a month's stock is counted on
    since: date | None = None  # first and last day of a flow
    until: date | None = None
    days: int | None = None  # covered by deliveries, where the table says so
    of_days: int | None = None
    is_seen: bool = False
    is_window: bool = False  # a rate of some days only, such as thirty
    size: float | None = None  # of its class, where the value is none

    @property
    def year(self) -> int:
        return int(self.edition[2:])

    @property
    def is_short(self) -> bool:
        """Whether deliveries do not cover all its days."""
        return self.days is not None and self.of_days is not None and self.days < self.of_days

    @property
    def is_of_few(self) -> bool:
        """Whether a per cent of its denominator would say more than the figures do."""
        return self.denominator is not None and self.denominator < words.SMALL_BASE


@cache
def layout() -> dict[str, Any]:
    """sections.toml."""
    return tomllib.loads(Path(__file__).with_name("sections.toml").read_text("utf-8"))


def figures(section: dict[str, Any], edition: Edition) -> list[Figure]:
    """The section's figures whose table is in the file."""
    entries = [Figure(**f) for f in section.get("figure", ())]
    return [f for f in entries if f.table in edition.tables]


def points(figure: Figure, edition: Edition) -> list[Point]:
    """Every published figure of the measure up to this year, in the table's order."""
    table = edition.tables[figure.table]
    symbol = table.symbol_of(figure.measure)
    covered = _years_covered(figure, edition)
    found = []
    for row in table.rows:
        if any(row.get(k) != v for k, v in figure.where.items()):
            continue
        key = str(row[figure.key]) if figure.key else ""
        on = row[figure.month] if figure.month else None
        point = Point(
            row["edition"],
            row[figure.measure],
            edition.symbol(row, symbol),
            row["as_of"],
            key,
            label_of(figure, row),
            _of(figure, row, "numerator"),
            _of(figure, row, "denominator"),
            on,
            row.get("census_on"),
            row.get(figure.since),
            row.get(figure.until),
            *covered.get(row["edition"], _covered(row)),
            figure.is_seen,
            figure.until != "as_of" and None not in (row.get(figure.since), row.get(figure.until)),
            row.get(figure.size),
        )
        # A month covered only in part would look like a fall.
        is_gap = on is not None and (point.is_short or not _is_a_month(row))
        found.append(replace(point, value=None) if is_gap else point)
    return found


def _of(figure: Figure, row: dict[str, Any], part: str) -> int | None:
    """The measure's own numerator or denominator, else that of the table's only measure."""
    found: int | None = row.get(f"{figure.measure}_{part}", row.get(part))
    return found


def _is_a_month(row: dict[str, Any]) -> bool:
    """Whether a flow between two nights covers about as many days as the month has."""
    if not row.get("flow_from") or not row.get("flow_to"):
        return True
    after = (row["month"] + timedelta(days=31)).replace(day=1)
    found: bool = abs(row["flow_to"] - row["flow_from"] - (after - row["month"])) <= SLACK
    return found


def _covered(row: dict[str, Any]) -> tuple[int | None, int | None]:
    """Days that deliveries cover, and of how many. Where a table only counts nights, these are
    nights delivered: equal numbers of them make two years comparable."""
    if "nights" in row:
        return row["nights"], None
    return row.get("days_covered"), row.get("days")


def _years_covered(figure: Figure, edition: Edition) -> dict[str, tuple[int | None, int | None]]:
    """The same for each edition, for a figure whose own table does not say."""
    table = edition.tables.get(figure.covered_by)
    rows = table.rows if table else ()
    return {r["edition"]: _covered(r) for r in rows}


def label_of(figure: Figure, row: dict[str, Any]) -> str:
    """Name of a row's class for readers; empty if the figure has no classes."""
    if not figure.label:
        return ""
    value = str(row[figure.label])
    return figure.names.get(value) or words.class_name(figure.label, value)


def unit_of(figure: Figure, edition: Edition) -> str | None:
    column = edition.tables[figure.table].column(figure.measure)
    return column.unit if column else None


def noun(figure: Figure, edition: Edition) -> str:
    """What is counted; what is counted since the first night names it."""
    since = edition.watched_since.get(figure.watched)
    return f"{figure.noun}, watched since {words.day(since)}" if since else figure.noun


def named(name: str, edition: Edition) -> Figure | None:
    """The figure or row of that id; None if its table is not in the file."""
    more = [
        {"kind": "measure", "title": "plain", "unit": "", "columns": [], **r}
        for r in layout()["row"]
    ]
    entries = [f for s in layout()["section"] for f in s.get("figure", ())]
    found = next(Figure(**f) for f in [*entries, *more] if f["id"] == name)
    return found if found.table in edition.tables else None


def shown(point: Point, unit: str | None, digits: int | None = None) -> str:
    """A point with a value as text: `9 of 12` where a per cent would be of a small base."""
    if words.is_share(unit) and point.is_of_few and point.numerator is not None:
        return f"{words.number(point.numerator)} of {words.number(point.denominator or 0)}"
    return words.measure(point.value or 0, unit, digits)


def change(now: Point, before: Point, unit: str | None) -> str:
    """The difference of two points with values, as text."""
    if words.is_share(unit) and (now.is_of_few or before.is_of_few):
        return words.from_to(shown(before, unit), shown(now, unit))
    text = words.change(now.value or 0, before.value or 0, unit)
    return text if is_beyond_error(now, before) else f"{text}, within its error"


def is_beyond_error(now: Point, before: Point) -> bool:
    """Whether the points differ at all: rates of windows only by a test of two proportions."""
    if not (now.is_window or before.is_window):
        return True
    parts = (now.numerator, now.denominator, before.numerator, before.denominator)
    if None in parts or not now.denominator or not before.denominator:
        return False
    a, b = now.numerator or 0, before.numerator or 0
    pooled = (a + b) / (now.denominator + before.denominator)
    if not 0 < pooled < 1:
        return False
    error = sqrt(pooled * (1 - pooled) * (1 / now.denominator + 1 / before.denominator))
    return abs(a / now.denominator - b / before.denominator) > Z * error


def this_year(found: list[Point], edition: Edition) -> list[Point]:
    return [p for p in found if p.edition == edition.name]


def classes(found: list[Point]) -> list[Point]:
    """Shown classes, largest first, without the unknown class."""
    shown = [p for p in found if p.key not in words.UNKNOWN and p.value is not None]
    # The category with the highest median is not the largest one.
    return sorted(shown, key=lambda p: (-(p.size or 0), -(p.value or 0), p.key))


def a_year_before(point: Point, found: list[Point]) -> Point | None:
    """The same class a year earlier, if published and for the same date."""
    for other in found:
        if other.key == point.key and other.year == point.year - 1 and other.value is not None:
            return other if is_comparable(point, other) else None
    return None


def is_comparable(new: Point, old: Point) -> bool:
    """Whether two figures are for the same date of consecutive years and cover as many days."""
    if new.as_of is None or old.as_of is None or new.value is None or old.value is None:
        return False
    if new.is_seen:
        return False
    if abs((new.days or 0) - (old.days or 0)) > SLACK.days:
        return False
    return is_same_date(new.as_of, old.as_of)


def is_same_date(new: date | None, old: date | None) -> bool:
    """Whether two dates are a year apart; true if neither is given."""
    if new is None or old is None:
        return new == old
    return abs(new - old - timedelta(days=365)) <= SLACK


def unbroken(found: list[Point]) -> list[Point]:
    """The longest run of comparable years up to the last one, oldest first."""
    years = sorted(found, key=lambda p: p.year)
    run = years[-1:]
    for older, newer in zip(years[-2::-1], years[:0:-1], strict=True):
        if newer.year - older.year != 1 or not is_comparable(newer, older):
            break
        run.insert(0, older)
    return run
