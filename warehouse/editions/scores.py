"""Scores: what frozen editions projected a year ahead, and what the next frozen edition counted.

Both are read from the first freeze of each, which never changes, so that a row, once there, stays.
A figure that is withheld today is withheld here too.
"""

from pathlib import Path

import duckdb

from transforms.engine import quoted
from warehouse.editions.frozen import Frozen, every, verify

EMPTY = (
    "CREATE TABLE meta.projection_score (edition VARCHAR, measure VARCHAR, "
    "projected_edition VARCHAR, projected_at TIMESTAMP, is_made_before BOOLEAN, method VARCHAR, "
    "projected DOUBLE, low DOUBLE, high DOUBLE, actual DOUBLE, error DOUBLE, is_inside BOOLEAN, "
    "naive DOUBLE, naive_error DOUBLE, reason VARCHAR)"
)
# $before and $after are the editions; `now` is what the tables of today withhold.
SCORE = """
    INSERT INTO meta.projection_score BY NAME
    WITH told AS (
        SELECT
            made.*,
            came.period_to AS ends_on,
            came.is_partial AS is_unfinished,
            EXISTS (
                FROM report.headline AS now
                WHERE now.edition IN ($before, $after) AND now.metric = made.measure
                    AND now.symbol = 'c'
            ) OR EXISTS (
                FROM report.projection AS now
                WHERE now.edition = $before AND now.measure = made.measure AND now.symbol = 'c'
            ) AS is_hidden,
            came.value AS came,
            base.value AS base
        FROM read_parquet({projection}) AS made
        JOIN read_parquet({after}) AS came ON came.metric = made.measure
        JOIN read_parquet({before}) AS base ON base.metric = made.measure
        WHERE made.horizon = 12 AND made.symbol = 'f'
    )
    SELECT
        edition,
        measure,
        $after AS projected_edition,
        $at::TIMESTAMP AS projected_at,
        $at::DATE < ends_on AS is_made_before,
        CASE WHEN NOT is_hidden THEN method END AS method,
        CASE WHEN NOT is_hidden THEN central END AS projected,
        CASE WHEN NOT is_hidden THEN low END AS low,
        CASE WHEN NOT is_hidden THEN high END AS high,
        CASE WHEN NOT is_hidden THEN came END AS actual,
        CASE WHEN NOT is_unfinished THEN round(actual / projected - 1, 4) END AS error,
        CASE WHEN NOT is_unfinished THEN actual BETWEEN told.low AND told.high END AS is_inside,
        CASE WHEN NOT is_hidden THEN base END AS naive,
        CASE WHEN NOT is_unfinished THEN round(actual / naive - 1, 4) END AS naive_error,
        CASE
            WHEN is_hidden THEN 'withheld'
            WHEN came IS NULL THEN 'the outcome is not available'
            WHEN is_unfinished THEN 'the outcome is of an unfinished year'
        END AS reason
    FROM told
    ORDER BY measure
"""


def put_in(db: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Writes meta.projection_score; frozen rows must be in the report tables. Raises PublishError
    if a frozen file is damaged."""
    db.execute(EMPTY)
    first: dict[str, Frozen] = {}
    for one in every(published):
        first.setdefault(one.manifest["edition"], one)
    for edition, made in first.items():
        came = first.get(f"{edition[:2]}{int(edition[2:]) + 1}")
        if came is None or "projection" not in made.manifest["tables"]:
            continue
        verify(made)
        verify(came)
        query = SCORE.format(
            projection=quoted(made.folder / "projection.parquet"),
            before=quoted(made.folder / "headline.parquet"),
            after=quoted(came.folder / "headline.parquet"),
        )
        at = made.frozen_at.replace(tzinfo=None)
        names = {"before": edition, "after": came.manifest["edition"], "at": at}
        db.execute(query, names)
