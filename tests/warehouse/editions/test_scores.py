"""Scores: what frozen editions projected, against what the next ones counted."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from transforms import engine
from transforms.errors import PublishError
from transforms.storage import sha256, write_json
from warehouse.editions import scores

PROJECTION = (
    "edition VARCHAR, measure VARCHAR, horizon INTEGER, method VARCHAR, central DOUBLE, "
    "low DOUBLE, high DOUBLE, symbol VARCHAR"
)
HEADLINE = (
    "edition VARCHAR, metric VARCHAR, value DOUBLE, period_to DATE, is_partial BOOLEAN, "
    "symbol VARCHAR"
)


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with engine.in_memory() as db:
        for schema in ("report", "meta"):
            db.execute(f"CREATE SCHEMA {schema}")
        db.execute(f"CREATE TABLE report.projection ({PROJECTION})")
        db.execute(f"CREATE TABLE report.headline ({HEADLINE})")
        yield db


def freeze(
    db: duckdb.DuckDBPyConnection,
    published: Path,
    name: str,
    frozen_at: str,
    counted: float | None,
    projected: tuple[float, float, float] | None = None,
    is_partial: bool = False,
) -> Path:
    """A frozen edition with paid sellers, and a projection of them a year ahead."""
    folder = published / "editions" / name
    folder.mkdir(parents=True)
    edition = name[:6]
    period_to = date(int(edition[2:]), 6, 30)
    rows = [(edition, "paid_sellers", counted, period_to, is_partial, None)]
    made: list[Any] = [(edition, "paid_sellers", 6, "drift", 1, 1, 1, "f")]
    if projected:
        made.append((edition, "paid_sellers", 12, "drift", *projected, "f"))
    tables: dict[str, Any] = {}
    for table, kinds, of in (("headline", HEADLINE, rows), ("projection", PROJECTION, made)):
        db.execute(f"CREATE OR REPLACE TEMP TABLE rows_of_it ({kinds})")
        marks = ", ".join("?" * len(of[0]))
        db.executemany(f"INSERT INTO rows_of_it VALUES ({marks})", of)
        path = folder / f"{table}.parquet"
        db.execute(f"COPY rows_of_it TO '{path}' (FORMAT parquet)")
        tables[table] = {"sha256": sha256(path), "rows": len(of)}
    about = {"edition": edition, "revision": int(name[-1]), "frozen_at": frozen_at}
    write_json(folder / "manifest.json", {**about, "tables": tables})
    return folder


def scored(db: duckdb.DuckDBPyConnection, published: Path) -> list[dict[str, Any]]:
    db.execute("DROP TABLE IF EXISTS meta.projection_score")
    scores.put_in(db, published)
    return engine.rows(db, "FROM meta.projection_score ORDER BY edition")


def test_a_projection_is_scored_once_its_year_is_frozen(
    db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    freeze(db, tmp_path, "FY2021.r1", "2021-10-01T00:00:00+00:00", 480, (600, 560, 640))
    assert scored(db, tmp_path) == []
    freeze(db, tmp_path, "FY2022.r1", "2022-10-01T00:00:00+00:00", 630, (800, 780, 820))
    first = scored(db, tmp_path)
    assert first == [
        {
            "edition": "FY2021",
            "measure": "paid_sellers",
            "projected_edition": "FY2022",
            "projected_at": datetime(2021, 10, 1),
            "is_made_before": True,
            "method": "drift",
            "projected": 600,
            "low": 560,
            "high": 640,
            "actual": 630,
            "error": 0.05,
            "is_inside": True,
            "naive": 480,
            "naive_error": 0.3125,
            "reason": None,
        }
    ]
    # A revision and a later year leave the row as it is.
    freeze(db, tmp_path, "FY2022.r2", "2023-01-01T00:00:00+00:00", 700, (900, 880, 920))
    freeze(db, tmp_path, "FY2023.r1", "2023-10-01T00:00:00+00:00", 900, (1000, 990, 1010))
    both = scored(db, tmp_path)
    assert both[:1] == first
    assert (both[1]["projected"], both[1]["actual"], both[1]["is_inside"]) == (800, 900, False)


def test_what_was_frozen_after_the_year_says_so(
    db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    freeze(db, tmp_path, "FY2021.r1", "2026-10-01T00:00:00+00:00", 480, (600, 560, 640))
    freeze(db, tmp_path, "FY2022.r1", "2026-10-01T00:00:00+00:00", 630)
    assert [row["is_made_before"] for row in scored(db, tmp_path)] == [False]


@pytest.mark.parametrize(
    ("counted", "is_partial", "reason"),
    [
        (None, False, "the outcome is not available"),
        (630, True, "the outcome is of an unfinished year"),
    ],
)
def test_without_an_outcome_there_is_a_reason(
    counted: float | None,
    is_partial: bool,
    reason: str,
    db: duckdb.DuckDBPyConnection,
    tmp_path: Path,
) -> None:
    freeze(db, tmp_path, "FY2021.r1", "2021-10-01T00:00:00+00:00", 480, (600, 560, 640))
    freeze(db, tmp_path, "FY2022.r1", "2022-10-01T00:00:00+00:00", counted, is_partial=is_partial)
    (row,) = scored(db, tmp_path)
    assert (row["reason"], row["error"], row["is_inside"]) == (reason, None, None)


@pytest.mark.parametrize(
    "withheld",
    [
        "INSERT INTO report.headline (edition, metric, symbol) "
        "VALUES ('FY2022', 'paid_sellers', 'c')",
        "INSERT INTO report.headline (edition, metric, symbol) "
        "VALUES ('FY2021', 'paid_sellers', 'c')",
        "INSERT INTO report.projection (edition, measure, symbol) "
        "VALUES ('FY2021', 'paid_sellers', 'c')",
    ],
)
def test_what_is_withheld_today_is_withheld_here(
    withheld: str, db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    freeze(db, tmp_path, "FY2021.r1", "2021-10-01T00:00:00+00:00", 480, (600, 560, 640))
    freeze(db, tmp_path, "FY2022.r1", "2022-10-01T00:00:00+00:00", 630)
    db.execute(withheld)
    (row,) = scored(db, tmp_path)
    told = ("projected", "low", "high", "actual", "error", "is_inside", "naive", "naive_error")
    assert [row[name] for name in told] == [None] * len(told)
    assert row["reason"] == "withheld"


def test_a_damaged_freeze_is_not_scored(db: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    freeze(db, tmp_path, "FY2021.r1", "2021-10-01T00:00:00+00:00", 480, (600, 560, 640))
    folder = freeze(db, tmp_path, "FY2022.r1", "2022-10-01T00:00:00+00:00", 630)
    (folder / "headline.parquet").write_bytes(b"something else")
    with pytest.raises(PublishError, match="is not what was frozen"):
        scored(db, tmp_path)
