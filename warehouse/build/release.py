"""The release: which version this is, whether it is complete, what is new, when the next comes."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb

from transforms import DATASETS
from transforms.engine import quoted
from transforms.markets import Market
from warehouse.build import moved
from warehouse.tables.rows import arrow_schema

Due = Callable[[date, date], list[date]]

RELEASE = arrow_schema(
    "version string, export_date date, status string, waiting_for string, what_is_new string, "
    "next_export_date date, next_expected_at instant, market string, market_iso2 string, "
    "fiscal_year_starts_in_month int, smallest_cell int"
)
LOOK_AHEAD = timedelta(days=366)
TOLD = 6  # changed headline figures named in the sentence; `outlook diff` names all

NEW_NIGHTS = """
    SELECT dataset, count(*), min(export_date), max(export_date)
    FROM {now}.meta.night AS night
    WHERE status IN ('ok', 'late', 'partial') AND NOT EXISTS (
        SELECT 1 FROM {was}.meta.night AS before
        WHERE before.dataset = night.dataset
            AND before.export_date = night.export_date
            AND before.status IN ('ok', 'late', 'partial')
            AND before.revision = night.revision
    )
    GROUP BY dataset ORDER BY dataset
"""


def describe(
    db: duckdb.DuckDBPyConnection,
    version: str,
    night: date,
    market: Market,
    due: Due | None,
    before: Path | None,
) -> dict[str, Any]:
    """The row of meta.release. `before` is the live file that this one replaces."""
    waiting = [
        f"{dataset}: {status or 'not loaded'}"
        for dataset, status in _statuses(db, night)
        if status not in ("ok", "late")
    ]
    following = night + timedelta(days=1)
    nights = due(following, following + LOOK_AHEAD) if due else [following]
    upcoming = nights[0] if nights else following
    return {
        "version": version,
        "export_date": night,
        "status": "incomplete" if waiting else "complete",
        "waiting_for": "; ".join(waiting) or None,
        "what_is_new": what_is_new(db, before),
        "next_export_date": upcoming,
        # The pipeline looks for a night's exports after its day has ended, at midnight UTC.
        "next_expected_at": midnight(upcoming + timedelta(days=1)),
        "market": market.name,
        "market_iso2": market.country,
        "fiscal_year_starts_in_month": market.fiscal_year_starts_in_month,
        "smallest_cell": market.smallest_cell,
    }


def midnight(day: date) -> datetime:
    """The first instant of a day, UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def what_is_new(db: duckdb.DuckDBPyConnection, before: Path | None) -> str:
    """Nights that now count and headline figures that changed since the file before."""
    if before is None:
        return "The first version."
    try:
        db.execute(f"ATTACH {quoted(before)} AS version_before (READ_ONLY)")
    except duckdb.Error:
        return "The version before could not be read."
    try:
        nights = db.execute(NEW_NIGHTS.format(now="outlook", was="version_before")).fetchall()
        found = moved.headlines(db, "version_before", "outlook")
    except duckdb.Error:
        return "The version before has other tables and was not compared."
    finally:
        db.execute("DETACH version_before")
    told = [
        f"{dataset}: {count} new night{'s' if count > 1 else ''}, "
        + (f"{last}" if count == 1 else f"{first} to {last}")
        for dataset, count, first, last in nights
    ]
    told += [moved.as_sentence(m) for m in found[:TOLD]]
    if len(found) > TOLD:
        more = len(found) - TOLD
        told.append(f"{more} more headline figure{'s' if more > 1 else ''} moved")
    return "; ".join(told) + "." if told else "No new night and no headline that moved."


def _statuses(db: duckdb.DuckDBPyConnection, night: date) -> list[tuple[str, str | None]]:
    found: dict[str, str] = dict(
        db.execute(
            "SELECT dataset, status FROM meta.night WHERE export_date = ?", [night]
        ).fetchall()
    )
    return [(dataset, found.get(dataset)) for dataset in DATASETS]
