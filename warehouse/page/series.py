"""Figures as points: what a chart draws, what a sentence may compare, and what it may not."""

import tomllib
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from warehouse.page import words
from warehouse.page.edition import Edition

# Two dates are "a year apart" within this: the last good night may be a few days early. Two flows
# are counted alike if the days that deliveries cover differ by no more.
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
    since: str = ""
    until: str = "as_of"
    names: dict[str, str] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    is_level: bool = False
    is_main_point: bool = False
    is_seen: bool = False
    is_bare: bool = False

    @property
    def name(self) -> str:
        """As meta.availability calls it."""
        return self.figure or self.table


@dataclass(frozen=True)
class Point:
    """One published figure: of a year, and of a class where the table has classes."""

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

    @property
    def year(self) -> int:
        return int(self.edition[2:])

    @property
    def is_short(self) -> bool:
        """Whether deliveries cover fewer days than it has."""
        return self.days is not None and self.of_days is not None and self.days < self.of_days


@cache
def layout() -> dict[str, Any]:
    """sections.toml."""
    return tomllib.loads(Path(__file__).with_name("sections.toml").read_text("utf-8"))


def figures(section: dict[str, Any], edition: Edition) -> list[Figure]:
    """The section's figures whose table the file has."""
    entries = [Figure(**f) for f in section.get("figure", ())]
    return [f for f in entries if f.table in edition.tables]


def points(figure: Figure, edition: Edition) -> list[Point]:
    """Every published figure of the measure, of this year and before, in the table's order."""
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
        )
        # A month that deliveries cover in part would look like a fall.
        is_gap = on is not None and (point.is_short or not _is_a_month(row))
        found.append(replace(point, value=None) if is_gap else point)
    return found


def _of(figure: Figure, row: dict[str, Any], part: str) -> int | None:
    """The measure's own numerator or denominator, else that of the table's one measure."""
    found: int | None = row.get(f"{figure.measure}_{part}", row.get(part))
    return found


def _is_a_month(row: dict[str, Any]) -> bool:
    """Whether what came and went between two nights did so in about as long as the month is."""
    if not row.get("flow_from") or not row.get("flow_to"):
        return True
    after = (row["month"] + timedelta(days=31)).replace(day=1)
    found: bool = abs(row["flow_to"] - row["flow_from"] - (after - row["month"])) <= SLACK
    return found


def _covered(row: dict[str, Any]) -> tuple[int | None, int | None]:
    """Days that deliveries cover, and of how many. Nights that came are no days that are covered,
    but as many of them make two years alike."""
    if "nights" in row:
        return row["nights"], None
    return row.get("days_covered"), row.get("days")


def _years_covered(figure: Figure, edition: Edition) -> dict[str, tuple[int | None, int | None]]:
    """The same of each edition, for a figure whose table says nothing of it."""
    table = edition.tables.get(figure.covered_by)
    rows = table.rows if table else ()
    return {r["edition"]: _covered(r) for r in rows if r["span"] == "year"}


def label_of(figure: Figure, row: dict[str, Any]) -> str:
    """Name of a row's class, for readers; empty where the figure has no classes."""
    if not figure.label:
        return ""
    value = str(row[figure.label])
    return figure.names.get(value) or words.class_name(figure.label, value)


def unit_of(figure: Figure, edition: Edition) -> str | None:
    column = edition.tables[figure.table].column(figure.measure)
    return column.unit if column else None


def this_year(found: list[Point], edition: Edition) -> list[Point]:
    return [p for p in found if p.edition == edition.name]


def classes(found: list[Point]) -> list[Point]:
    """Shown classes, the largest first; the unknown class is none of them."""
    shown = [p for p in found if p.key not in words.UNKNOWN and p.value is not None]
    return sorted(shown, key=lambda p: (-(p.value or 0), p.key))


def a_year_before(point: Point, found: list[Point]) -> Point | None:
    """The same class a year earlier, if it was published and counted on the same date."""
    for other in found:
        if other.key == point.key and other.year == point.year - 1 and other.value is not None:
            return other if is_comparable(point, other) else None
    return None


def is_comparable(new: Point, old: Point) -> bool:
    """Whether two figures stand on the same date of neighbouring years and cover as many days."""
    if new.as_of is None or old.as_of is None or new.value is None or old.value is None:
        return False
    if new.is_seen:
        return False
    if abs((new.days or 0) - (old.days or 0)) > SLACK.days:
        return False
    return is_same_date(new.as_of, old.as_of)


def is_same_date(new: date | None, old: date | None) -> bool:
    """Whether two days lie a year apart; where neither is told, nothing speaks against it."""
    if new is None or old is None:
        return new == old
    return abs(new - old - timedelta(days=365)) <= SLACK


def unbroken(found: list[Point]) -> list[Point]:
    """The longest run of comparable years that ends with the last one, oldest first."""
    years = sorted(found, key=lambda p: p.year)
    run = years[-1:]
    for older, newer in zip(years[-2::-1], years[:0:-1], strict=True):
        if newer.year - older.year != 1 or not is_comparable(newer, older):
            break
        run.insert(0, older)
    return run
