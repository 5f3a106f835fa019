"""A headline as each published version told it: by edition, and as a triangle."""

from collections.abc import Iterable
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import duckdb

from transforms import engine
from transforms.errors import SettingsError
from warehouse.page.vintages import first_figures

Row = dict[str, Any]
Shown = float | int | str | None

VINTAGES = """
    SELECT edition, export_date, revision, built_at, as_of, value, symbol, period_to
    FROM meta.vintage
    JOIN marts.dim_edition USING (edition)
    WHERE metric = ? AND edition = coalesce(?, edition)
    ORDER BY year_basis DESC, year, built_at
"""


def of_metric(file: Path, metric: str, edition: str | None) -> Row:
    """Every vintage of a headline, oldest first in each edition, and how much first figures were
    revised on each year basis. Raises SettingsError for a metric or an edition without vintages."""
    with engine.read_only(file) as db:
        try:
            found = engine.rows(db, VINTAGES, [metric, edition])
        except duckdb.CatalogException as error:
            raise SettingsError(
                f"{file} was made by older code, without vintages: run `outlook build`"
            ) from error
        known = [
            m
            for (m,) in db.execute("SELECT DISTINCT metric FROM meta.vintage ORDER BY 1").fetchall()
        ]
        if metric not in known:
            near = get_close_matches(metric, known, cutoff=0.4) or known
            raise SettingsError(f"{metric!r} is no headline figure. Nearest: {', '.join(near)}")
        if not found:
            raise SettingsError(f"{edition!r} is not an edition of the published file")
        bases = [
            b
            for (b,) in db.execute(
                "SELECT DISTINCT year_basis FROM marts.dim_edition ORDER BY 1 DESC"
            ).fetchall()
        ]
        return {
            "metric": metric,
            "vintages": found,
            "first_figures": {basis: first_figures(db, metric, basis) for basis in bases},
        }


def triangle(vintages: Iterable[Row], last: date) -> list[Row]:
    """A row per edition: its figure as it stood so many months after the end of its year, and now.

    `last` is the newest published night. Of the months only those stay at which a figure was new or
    was told otherwise; before the first version after a year's end, and after `last`, is nothing.
    """
    rows = list(vintages)
    nights = sorted({row["export_date"] for row in rows})
    by_edition: dict[str, list[Row]] = {}
    for row in rows:
        by_edition.setdefault(row["edition"], []).append(row)
    told: dict[str, list[Shown]] = {}
    for name, own in by_edition.items():
        end = own[0]["period_to"]
        first = next((night for night in nights if night >= end), None)
        ages = range((last.year - end.year) * 12 + last.month - end.month + 1)
        ends = [_after(end, age) for age in ages]
        told[name] = [_known(own, day) if first and first <= day else None for day in ends]
    kept = [
        age
        for age in range(max(map(len, told.values()), default=0))
        if any(_is_news(row, age) for row in told.values())
    ]
    return [
        {
            "edition": name,
            **{f"+{age}": told[name][age] if age < len(told[name]) else None for age in kept},
            "now": shown(own[-1]),
        }
        for name, own in by_edition.items()
    ]


def shown(row: Row) -> Shown:
    """The figure of a vintage, or its symbol in brackets."""
    value = row["value"]
    if value is None:
        return f"[{row['symbol']}]"
    return int(value) if value == int(value) else float(value)


def _known(rows: list[Row], on: date) -> Shown:
    known = [row for row in rows if row["export_date"] <= on]
    return shown(known[-1]) if known else None


def _is_news(row: list[Shown], age: int) -> bool:
    return age < len(row) and row[age] is not None and (age == 0 or row[age] != row[age - 1])


def _after(end: date, months: int) -> date:
    """Last day of the month so many months after that of `end`."""
    place = end.year * 12 + end.month + months
    return date(place // 12, place % 12 + 1, 1) - timedelta(1)
