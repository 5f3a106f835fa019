"""Checks: SELECTs of bad rows, run on the new file before it is published."""

import json
import logging
from dataclasses import dataclass

import duckdb

from transforms import engine
from transforms.errors import NightHeld
from warehouse.models import Model

log = logging.getLogger(__name__)

EXAMPLES = 10


@dataclass(frozen=True)
class Result:
    """The result of a check; `examples` are the first bad rows as JSON."""

    table: str
    check: str
    severity: str
    bad_rows: int
    examples: str | None


def run(db: duckdb.DuckDBPyConnection, models: tuple[Model, ...]) -> list[Result]:
    """Runs every check of every model, in order."""
    return [
        _run(db, model.table, c.name, c.severity, c.sql) for model in models for c in model.checks
    ]


def hold_on_failure(results: list[Result]) -> None:
    """Raises NightHeld with example rows if a `fail` check found any; warnings go to the log."""
    for found in results:
        if found.bad_rows and found.severity == "warn":
            log.warning(
                "check %s: %s: %s rows, such as %s",
                found.table,
                found.check,
                f"{found.bad_rows:,}",
                found.examples,
            )
    failed = [r for r in results if r.bad_rows and r.severity == "fail"]
    if failed:
        lines = [
            f"  {r.table}: {r.check}: {r.bad_rows:,} rows, such as {r.examples}" for r in failed
        ]
        raise NightHeld(
            "The new version fails its checks and was not published; the old one stays live.\n"
            + "\n".join(lines)
            + "\nCorrect the export or the model, then run `outlook build` again."
        )


def _run(db: duckdb.DuckDBPyConnection, table: str, name: str, severity: str, sql: str) -> Result:
    found = db.execute(f"SELECT count(*) FROM ({sql})").fetchone()
    bad = int(found[0]) if found else 0
    examples = None
    if bad:
        shown = engine.rows(db, f"SELECT * FROM ({sql}) LIMIT {EXAMPLES}")
        examples = json.dumps(shown, default=str)
    return Result(table, name, severity, bad, examples)
