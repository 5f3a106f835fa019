"""Vintages: every headline as each published version told it, handed from version to version.

A build takes the rows of the live version's meta.vintage, and adds its own where a headline is not
what the version before told. Without a sound live version it takes those of every version that is
there, and those that a backup brought back.

What may not be told any more is withheld in every vintage. A headline that is withheld today is
withheld in all of them, and so is the same stock of the same night in another edition. A count of
days is kept only up to the day to which today's figure counts: the difference of two such counts is
what those few days brought, a cell that nobody has tested.
"""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from transforms import engine
from transforms.engine import quoted
from transforms.errors import Damaged
from warehouse import versions

# In a backup, and from there beside the versions, which a backup leaves out.
FILE = "vintages.parquet"
TABLE = "meta.vintage"
NAMES = (
    "edition, metric, export_date, revision, built_at, as_of, value, numerator, denominator, "
    "coverage, symbol"
)
EMPTY = (
    "CREATE TEMP TABLE vintage_told (edition VARCHAR, metric VARCHAR, export_date DATE, "
    "revision INTEGER, built_at TIMESTAMP, as_of DATE, value DOUBLE, numerator BIGINT, "
    "denominator BIGINT, coverage DOUBLE, symbol VARCHAR, is_kept BOOLEAN)"
)
# Metrics counted on one night; the change of such a stock between two nights is not a cell.
STOCKS = ("paid_sellers", "live_listings")
# Stocks and the nights on which today's tables withhold them.
WITHHELD = """
    SELECT metric, as_of FROM report.headline WHERE symbol = 'c'
    UNION
    SELECT 'live_listings', census_on FROM report.listing_stock_by_month WHERE symbol = 'c'
    UNION
    SELECT 'paid_sellers', yoy_growth_from FROM report.seller_growth WHERE yoy_growth_symbol = 'c'
    UNION
    SELECT 'paid_sellers', cagr_from FROM report.seller_growth WHERE cagr_symbol = 'c'
"""
MADE = f"""
    CREATE TABLE {TABLE} AS
    WITH withheld AS ({WITHHELD}),

    once AS (
        FROM vintage_told
        QUALIFY row_number() OVER (
            PARTITION BY edition, metric, built_at ORDER BY is_kept DESC, value IS NULL DESC
        ) = 1
    ),

    judged AS (
        SELECT
            once.*,
            once.symbol IS DISTINCT FROM 'x' AND (
                coalesce(today.symbol = 'c', false)
                OR CASE
                    WHEN once.metric IN {STOCKS} THEN EXISTS (
                        FROM withheld
                        WHERE withheld.metric = once.metric AND withheld.as_of = once.as_of
                    )
                    ELSE today.as_of IS DISTINCT FROM once.as_of
                END
            ) AS is_withheld
        FROM once
        LEFT JOIN report.headline AS today
            ON today.edition = once.edition AND today.metric = once.metric
    ),

    told AS (
        SELECT * REPLACE (
            CASE WHEN NOT is_withheld THEN value END AS value,
            CASE WHEN NOT is_withheld THEN numerator END AS numerator,
            CASE WHEN NOT is_withheld THEN denominator END AS denominator,
            CASE WHEN NOT is_withheld THEN coverage END AS coverage,
            CASE WHEN is_withheld THEN 'c' ELSE symbol END AS symbol
        )
        FROM judged
    ),

    -- A row that an earlier version kept stays, even if nothing tells it from the one before now.
    compared AS (
        SELECT
            *,
            row(as_of, value, numerator, denominator, coverage, symbol) AS says,
            lag(says) OVER (PARTITION BY edition, metric ORDER BY built_at) AS said_before
        FROM told
    )

    SELECT {NAMES}
    FROM compared
    WHERE is_kept OR says IS DISTINCT FROM said_before
    ORDER BY edition, metric, built_at
"""


def put_in(
    db: duckdb.DuckDBPyConnection,
    published: Path,
    live: Path | None,
    run: dict[str, Any],
    name: str,
) -> None:
    """Writes meta.vintage: what earlier versions told, and what the version `name` tells.

    `live` is the folder of the live version, if it is sound, and `run` the row of meta.run.
    report.headline must be as it will be published.
    """
    db.execute(EMPTY)
    if live is None or not _take(db, live):
        for version in versions.every(published):
            # What is damaged, or of code with other headlines, tells nothing.
            with suppress(Damaged, duckdb.Error):
                versions.verified(version)
                _take(db, version)
        _take_restored(db, published / FILE)
    about = {**run, "revision": versions.revision_of(name)}
    _take_headline(db, "report.headline", about)
    db.execute(MADE)
    db.execute("DROP TABLE vintage_told")


def as_parquet(published: Path) -> bytes | None:
    """The vintages for a backup, of the live version or else of the newest sound one; None if
    nothing tells any. The same rows are the same bytes."""
    live, _ = versions.live_or_fault(published)
    for version in [live] if live else reversed(versions.every(published)):
        with suppress(Damaged, duckdb.Error), tempfile.TemporaryDirectory() as folder:
            versions.verified(version)
            path = Path(folder) / FILE
            with engine.read_only(version / versions.FILE) as db:
                db.execute(
                    f"COPY (FROM {TABLE} ORDER BY edition, metric, built_at) TO {quoted(path)} "
                    "(FORMAT parquet)"
                )
            return path.read_bytes()
    restored = published / FILE
    return restored.read_bytes() if restored.is_file() else None


def told(published: Path) -> list[dict[str, Any]]:
    """What the live version's meta.vintage tells; nothing without a sound live version, or if older
    code made it."""
    live, _ = versions.live_or_fault(published)
    if live is None:
        return []
    with engine.read_only(live / versions.FILE) as db:
        (catalog,) = db.execute("SELECT current_database()").fetchone() or ("",)
        return engine.rows(db, f"FROM {TABLE}") if _has_table(db, catalog) else []


def _take(db: duckdb.DuckDBPyConnection, version: Path) -> bool:
    """Takes what a version tells; false if it was made before there were vintages, and so tells
    only its own headline."""
    db.execute(f"ATTACH {quoted(version / versions.FILE)} AS earlier (READ_ONLY)")
    try:
        is_handed_on = _has_table(db, "earlier")
        if is_handed_on:
            _insert(db, f"SELECT {NAMES}, true AS is_kept FROM earlier.{TABLE}")
        else:
            _take_headline(db, "earlier.report.headline", versions.manifest(version))
    finally:
        db.execute("DETACH earlier")
    return is_handed_on


def _take_restored(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    if path.is_file():
        _insert(db, f"SELECT {NAMES}, true AS is_kept FROM read_parquet({quoted(path)})")


def _take_headline(db: duckdb.DuckDBPyConnection, table: str, about: dict[str, Any]) -> None:
    """Takes the headline of a version; `about` gives its export date, revision and instant."""
    _insert(
        db,
        "SELECT edition, metric, ?::DATE AS export_date, ?::INTEGER AS revision, "
        "timezone('UTC', ?::TIMESTAMPTZ) AS built_at, as_of, value, numerator, denominator, "
        f"coverage, symbol, false AS is_kept FROM {table}",
        [str(about["export_date"]), about["revision"], str(about["built_at"])],
    )


def _insert(db: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None) -> None:
    db.execute(f"INSERT INTO vintage_told BY NAME {query}", values)


def _has_table(db: duckdb.DuckDBPyConnection, catalog: str) -> bool:
    found = db.execute(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'meta' "
        "AND table_name = 'vintage'",
        [catalog],
    )
    return found.fetchone() is not None
