"""Differences between two published versions: rows by the key of each model, and headlines."""

import tempfile
from pathlib import Path
from typing import Any

import duckdb

from transforms import engine
from transforms.engine import named, quoted
from transforms.errors import SettingsError
from warehouse import versions
from warehouse.build import moved
from warehouse.models import PUBLISHED, models

Row = dict[str, Any]
DATES = ("DATE", "TIMESTAMP")


def find(version: str, published: Path) -> Path:
    """File of a published version, by the name of its folder, or by a path to folder or file.

    Raises SettingsError if there is none, Damaged if the file has changed since.
    """
    for path in (published / version, Path(version)):
        file = path / versions.FILE if path.is_dir() else path
        if file.is_file():
            if (file.parent / "manifest.json").is_file() and file.name == versions.FILE:
                versions.verified(file.parent)
            return file.resolve()
    known = sorted(p.parent.name for p in published.glob(f"*/{versions.FILE}"))
    raise SettingsError(
        f"{version!r} is neither a published version nor a path to one; there "
        + (f"are {', '.join(known)}" if known else "is none yet")
    )


def compare(a: Path, b: Path) -> Row:
    """Rows added, removed and changed per table from version `a` to version `b`, and headlines.

    Rows are matched by the key of their model. If the columns of a table differ, only those that
    both versions have are compared. `marks` and `dates` name changed columns of these kinds;
    `changed_values` counts the rows in which more than these changed.
    """
    with tempfile.TemporaryDirectory() as spill, engine.in_memory(Path(spill)) as db:
        for name, path in (("a", a), ("b", b)):
            try:
                db.execute(f"ATTACH {quoted(path)} AS {name} (READ_ONLY)")
            except duckdb.Error as error:
                raise SettingsError(f"{path} is not a published version: {error}") from error
        tables = [
            _compare(db, model.table, model.key)
            for model in sorted(models(), key=lambda m: m.table)
            if model.schema in PUBLISHED
        ]
        return {
            "a": f"{a}",
            "b": f"{b}",
            "tables": [t for t in tables if t is not None],
            "headlines": moved.headlines(db, "a", "b"),
        }


def _compare(db: duckdb.DuckDBPyConnection, table: str, key: tuple[str, ...]) -> Row | None:
    """Counts of one table; None if neither version has it, or one of them lacks its key."""
    was, now = (_columns(db, catalog, table) for catalog in ("a", "b"))
    if not was and not now:
        return None
    found: Row = {"table": table, "added": 0, "gone": 0, "changed": 0, "changed_values": 0}
    found |= {"changed_columns": {}, "marks": [], "dates": []}
    found["columns_new"] = [c for c in now if c not in was]
    found["columns_gone"] = [c for c in was if c not in now]
    if not was or not now or not set(key) <= set(was) & set(now):
        found["gone"], found["added"] = _count(db, "a", table, was), _count(db, "b", table, now)
        return found
    same = [c for c in was if c in now]
    keys = ", ".join(named(k) for k in key)
    meets = " AND ".join(f"x.{named(k)} IS NOT DISTINCT FROM y.{named(k)}" for k in key)
    row = f"hash({', '.join(map(named, same))})"
    # Join keys and row hashes first: most tables are large and hardly change.
    db.execute(
        "CREATE OR REPLACE TEMP TABLE moved AS SELECT "
        f"{', '.join(f'coalesce(x.{named(k)}, y.{named(k)}) AS {named(k)}' for k in key)}, "
        "x.content IS NULL AS is_new, y.content IS NULL AS is_gone "
        f"FROM (SELECT {keys}, {row} AS content FROM a.{table}) AS x "
        f"FULL JOIN (SELECT {keys}, {row} AS content FROM b.{table}) AS y ON {meets} "
        "WHERE x.content IS DISTINCT FROM y.content"
    )
    counts = db.execute(
        "SELECT count(*) FILTER (is_new), count(*) FILTER (is_gone), "
        "count(*) FILTER (NOT is_new AND NOT is_gone) FROM moved"
    ).fetchone()
    assert counts is not None
    found["added"], found["gone"], found["changed"] = counts
    values = [c for c in same if c not in key]
    if found["changed"] and values:
        differs = ", ".join(
            f"count(*) FILTER (x.{named(c)} IS DISTINCT FROM y.{named(c)})" for c in values
        )
        on = " AND ".join(f"m.{named(k)} IS NOT DISTINCT FROM x.{named(k)}" for k in key)
        marks = [c for c in values if c.endswith("symbol") or c == "is_partial"]
        dates = [c for c in values if now[c].startswith(DATES)]
        major = " OR ".join(
            f"x.{named(c)} IS DISTINCT FROM y.{named(c)}"
            for c in values
            if c not in (*marks, *dates)
        )
        times = db.execute(
            f"SELECT count(*) FILTER ({major or 'false'}), {differs} "
            f"FROM moved AS m JOIN a.{table} AS x ON {on} "
            f"JOIN b.{table} AS y ON {meets} WHERE NOT m.is_new AND NOT m.is_gone"
        ).fetchone()
        assert times is not None
        found["changed_values"] = times[0]
        found["changed_columns"] = {c: n for c, n in zip(values, times[1:], strict=True) if n}
        found["marks"] = [c for c in marks if c in found["changed_columns"]]
        found["dates"] = [c for c in dates if c in found["changed_columns"]]
    return found


def _columns(db: duckdb.DuckDBPyConnection, catalog: str, table: str) -> dict[str, str]:
    """Names and types of the columns of a table; empty if it is not there."""
    schema, _, name = table.partition(".")
    found = db.execute(
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
        [catalog, schema, name],
    ).fetchall()
    return dict(found)


def _count(db: duckdb.DuckDBPyConnection, catalog: str, table: str, columns: dict[str, str]) -> int:
    found = db.execute(f"SELECT count(*) FROM {catalog}.{table}").fetchone() if columns else None
    return int(found[0]) if found else 0
