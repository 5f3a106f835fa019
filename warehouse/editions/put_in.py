"""What a build takes from the frozen editions: rows, provisional marks, and status.

Only this module writes `p`, never the models: on every shown figure of an edition that is not
frozen, or whose row is partial.
"""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from transforms.engine import quoted
from transforms.storage import sha256
from warehouse.editions import revisions
from warehouse.editions.frozen import every, last_of_each, verify
from warehouse.models import Model
from warehouse.tables.rows import arrow_schema, write

EDITION = arrow_schema(
    "edition string, status string, revision int, frozen_at instant, frozen_by string, "
    "reason string, code_version string, lake_fingerprint string, manifest_sha256 string"
)

REVISION = arrow_schema(
    "edition string, revision int, table_name string, row_key string, column_name string, "
    "was string, now string, reason string, revised_by string, revised_at instant"
)


def put_in(db: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Replaces computed rows with the frozen ones, marks provisional figures, and writes
    meta.edition and meta.revision.

    A table added after an edition was frozen keeps its computed rows, marked provisional, until the
    edition is frozen again. A table or column that the code no longer has stays only in the
    edition's folder. Raises PublishError if a frozen file is damaged.
    """
    known = last_of_each(published)
    for one in known:
        verify(one)
    for model in revisions.tables():
        closed = []
        for one in known:
            source = revisions.frozen_rows(db, model, one.folder, set(one.manifest["tables"]))
            if source:
                _put_rows(db, model.table, source, one.manifest["edition"])
                closed.append(one.manifest["edition"])
        mark_provisional(db, model, closed)
    write(db, "meta.edition", pa.Table.from_pylist(_editions(db, published), schema=EDITION))
    write(db, "meta.revision", pa.Table.from_pylist(_revisions(published), schema=REVISION))


def mark_provisional(db: duckdb.DuckDBPyConnection, model: Model, closed: list[str]) -> None:
    """Marks figures without a symbol, except in rows of `closed` editions that are not partial.

    A measure added after an edition was frozen has no value there and gets no mark.
    """
    for symbol in revisions.symbols(db, model.table) if model.schema == "report" else []:
        counted = f"{symbol.removesuffix('symbol')}numerator"
        db.execute(
            f"UPDATE {model.table} SET {symbol} = 'p' WHERE {symbol} IS NULL "
            f"AND {counted} IS NOT NULL AND (is_partial OR NOT list_contains(?, edition))",
            [closed],
        )


def _put_rows(db: duckdb.DuckDBPyConnection, table: str, source: str, edition: str) -> None:
    there, frozen = revisions.columns(db, table), revisions.columns(db, source)
    names = [c for c in frozen if c in there]
    if "year" in there and "year" not in frozen:
        # Older code froze no number of the year; the edition is named by it.
        names.append(f"{edition[2:]} AS year")
    # A measure younger than the freeze is not available, and says so.
    names += [f"'x' AS {c}" for c in there if c.endswith("_symbol") and c not in frozen]
    where = f"edition = {quoted(edition)}"
    if table.startswith("meta."):
        # Why a figure is x; figures added after the edition was frozen keep their own row.
        where += f" AND figure IN (SELECT figure FROM {source})"
    db.execute(f"DELETE FROM {table} WHERE {where}")
    db.execute(f"INSERT INTO {table} BY NAME SELECT {', '.join(names)} FROM {source}")


def _editions(db: duckdb.DuckDBPyConnection, published: Path) -> list[dict[str, Any]]:
    """Status of every edition: those of today's lake, and those frozen from an earlier lake."""
    rows: dict[str, dict[str, Any]] = {
        name: {"edition": name, "status": "provisional"}
        for (name,) in db.execute("SELECT edition FROM marts.dim_edition").fetchall()
    }
    for one in last_of_each(published):
        rows[one.manifest["edition"]] = {
            **{
                k: one.manifest[k]
                for k in ("edition", "revision", "code_version", "lake_fingerprint")
            },
            "reason": one.reason,
            "status": one.status,
            "frozen_at": one.frozen_at,
            "frozen_by": one.manifest["by"],
            "manifest_sha256": sha256(one.folder / "manifest.json"),
        }
    return [rows[name] for name in sorted(rows)]


def _revisions(published: Path) -> list[dict[str, Any]]:
    return [
        {
            "edition": one.manifest["edition"],
            "revision": one.manifest["revision"],
            "table_name": change["table"],
            "row_key": change["row_key"],
            "column_name": change["column"],
            "was": change["was"],
            "now": change["now"],
            "reason": one.manifest["reason"],
            "revised_by": one.manifest["by"],
            "revised_at": one.frozen_at,
        }
        for one in every(published)
        for change in one.manifest["changes"]
    ]
