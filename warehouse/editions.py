"""Editions: a report year frozen when it is final. What comes later never changes it by itself.

`published/editions/FY2022.r1/` holds the rows of every report table of that edition as Parquet and
a manifest: hashes, code, lake and the calendar of nights. A frozen edition's rows take the place of
those that a build computes; another freezing of it is a revision and needs a reason.
"""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from transforms import DATASETS, history
from transforms.across_rows import quoted
from transforms.errors import SettingsError
from transforms.lake import Lake, put_folder, sha256, write_json
from transforms.settings import Settings
from warehouse import publish
from warehouse.models import Model, models
from warehouse.tables import (
    attach_lake,
    code_version,
    lake_fingerprint,
    make_tables,
    open_memory,
)

log = logging.getLogger(__name__)

SAME = 1e-9  # figures are compared to nine decimals, as they are published
REVISION = pa.schema([
    ("edition", pa.string()), ("revision", pa.int32()), ("table_name", pa.string()),
    ("row_key", pa.string()), ("column_name", pa.string()), ("was", pa.string()),
    ("now", pa.string()), ("reason", pa.string()), ("revised_by", pa.string()),
    ("revised_at", pa.timestamp("us", tz="UTC")),
])  # fmt: skip

Rows = dict[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True)
class Frozen:
    """One freezing of an edition; `is_new` is false where it held these very rows already."""

    folder: Path
    manifest: dict[str, Any]
    is_new: bool = False


@dataclass(frozen=True)
class Change:
    """One cell that differs; `was` is None for a row that was not there, `now` for one gone."""

    table: str
    row_key: str
    column: str
    was: str | None
    now: str | None


def freeze(settings: Settings, edition: str, by: str, reason: str | None = None) -> Frozen:
    """Freezes an edition as the lake and today's code make it.

    The same rows again are a no-op. Raises SettingsError for an edition that the lake cannot make,
    and for a revision without a reason, naming what would change.
    """
    with publish.writer_lock(settings.published), computed(settings) as db:
        _known(db, edition)
        old = newest(settings.published, edition)
        changes = _differences(db, edition, old) if old else []
        if old and not changes:
            return old
        if old and not reason:
            raise SettingsError(
                f"{edition} is frozen ({old.folder.name}) and {len(changes):,} figures would "
                f"change, first {_told(changes[0])}. Nothing was done: a revision needs a reason."
            )
        number = old.manifest["revision"] + 1 if old else 1
        with publish.new_version(settings.published) as building:
            tables = {}
            for model in _tables():
                if old:
                    _mark_revised(db, model, changes)
                path = building / f"{model.name}.parquet"
                db.execute(
                    f"COPY (SELECT * FROM {model.table} WHERE edition = {quoted(edition)} "
                    f"ORDER BY {', '.join(model.key)}) TO {quoted(path)} (FORMAT parquet)"
                )
                tables[model.name] = {"sha256": sha256(path), "rows": _count(db, path)}
            manifest = {
                "edition": edition,
                "revision": number,
                "frozen_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "by": by,
                "reason": reason,
                **_made_of(db, settings, edition),
                "tables": tables,
                "changes": [vars(c) for c in changes],
            }
            write_json(building / "manifest.json", manifest)
            target = settings.published / "editions" / f"{edition}.r{number}"
            put_folder(building, target, settings.published / "editions")
    log.info("froze %s as %s: %s tables", edition, target.name, len(tables))
    return Frozen(target, manifest, is_new=True)


def prove(settings: Settings, edition: str) -> list[Change]:
    """What today's lake and code would make otherwise than the frozen edition has it.

    Raises SettingsError where the edition is not frozen, or its files are not as it was frozen.
    """
    old = newest(settings.published, edition)
    if old is None:
        raise SettingsError(f"{edition} is not frozen: the DAG `outlook` freezes it.")
    for name, entry in old.manifest["tables"].items():
        if sha256(old.folder / f"{name}.parquet") != entry["sha256"]:
            raise SettingsError(f"{old.folder}/{name}.parquet is not what was frozen.")
    with publish.writer_lock(settings.published), computed(settings) as db:
        return _differences(db, edition, old)


def newest(published: Path, edition: str) -> Frozen | None:
    """The last freezing of an edition, if there is one."""
    return next((f for f in frozen(published) if f.manifest["edition"] == edition), None)


def frozen(published: Path) -> list[Frozen]:
    """The last freezing of every frozen edition."""
    last: dict[str, Frozen] = {}
    for one in _all(published):
        last[one.manifest["edition"]] = one
    return [last[edition] for edition in sorted(last)]


def put_in(db: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Puts the frozen rows in the place of those that the build has computed, and the revisions
    into meta.revision. A table that is younger than a frozen edition keeps its computed rows."""
    for one in frozen(published):
        edition = quoted(one.manifest["edition"])
        for name in one.manifest["tables"]:
            table, path = f"report.{name}", one.folder / f"{name}.parquet"
            if any(m.table == table for m in _tables()):
                db.execute(f"DELETE FROM {table} WHERE edition = {edition}")
                db.execute(f"INSERT INTO {table} BY NAME FROM read_parquet({quoted(path)})")
    rows = pa.Table.from_pylist(_revisions(published), schema=REVISION)
    db.register("revisions", rows)
    db.execute("CREATE TABLE meta.revision AS FROM revisions")
    db.unregister("revisions")


def fingerprint(published: Path) -> str:
    """What the frozen editions are: a build must not pass for current where they have changed."""
    return " ".join(
        f"{f.folder.name}:{sha256(f.folder / 'manifest.json')}" for f in frozen(published)
    )


@contextmanager
def computed(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table as today's lake and code make it, in memory."""
    lake = Lake(settings.lake)
    for dataset in DATASETS:
        with lake.lock(dataset):
            history.settle(lake, dataset, settings)
    with open_memory() as db:
        attach_lake(db, lake, settings)
        db.execute("ATTACH ':memory:' AS outlook")
        db.execute("USE outlook")
        make_tables(db)
        yield db


def _tables() -> list[Model]:
    return [m for m in models() if m.schema == "report" and "edition" in m.key]


def _all(published: Path) -> list[Frozen]:
    """Every freezing, the oldest of an edition first."""
    found = []
    for folder in (published / "editions").glob("*.r*"):
        if (folder / "manifest.json").is_file():
            found.append(Frozen(folder, publish.manifest(folder)))
    return sorted(found, key=lambda f: (f.manifest["edition"], f.manifest["revision"]))


def _known(db: duckdb.DuckDBPyConnection, edition: str) -> None:
    names = [e for (e,) in db.execute("SELECT edition FROM marts.dim_edition").fetchall()]
    if edition not in names:
        raise SettingsError(f"there is no edition {edition}: known are {', '.join(names)}")


def _made_of(db: duckdb.DuckDBPyConnection, settings: Settings, edition: str) -> dict[str, Any]:
    nights = db.execute(
        "SELECT night.dataset, night.export_date, night.status FROM staging.stg_night AS night "
        "JOIN marts.dim_edition AS of ON night.export_date BETWEEN of.period_from AND of.period_to "
        "WHERE of.edition = ? ORDER BY ALL", [edition]
    ).fetchall()  # fmt: skip
    return {
        "code_version": code_version(),
        "lake_fingerprint": lake_fingerprint(Lake(settings.lake), settings),
        "nights": [{"dataset": d, "export_date": f"{n}", "status": s} for d, n, s in nights],
    }


def _differences(db: duckdb.DuckDBPyConnection, edition: str, old: Frozen) -> list[Change]:
    changes: list[Change] = []
    for model in _tables():
        if model.name not in old.manifest["tables"]:
            continue
        path = old.folder / f"{model.name}.parquet"
        was = _rows(db, f"read_parquet({quoted(path)})", model, edition)
        now = _rows(db, model.table, model, edition)
        for key in sorted(was.keys() | now.keys(), key=str):
            changes += _of_row(model, key, was.get(key), now.get(key))
    return changes


def _of_row(
    model: Model, key: tuple[Any, ...], was: dict[str, Any] | None, now: dict[str, Any] | None
) -> Iterator[Change]:
    shown = ", ".join(str(part) for part in key[1:]) or str(key[0])
    for column in (was or now or {}).keys() | (now or {}).keys():
        before, after = (was or {}).get(column), (now or {}).get(column)
        # The mark of a revision is no change of its own, nor is a column that is new.
        is_mark = column.endswith("symbol") and before == "r"
        if column in model.key or is_mark or (was is not None and column not in was):
            continue
        if not _is_same(before, after):
            yield Change(model.name, shown, column, _text(before), _text(after))


def _rows(db: duckdb.DuckDBPyConnection, source: str, model: Model, edition: str) -> Rows:
    found = db.execute(f"SELECT * FROM {source} WHERE edition = {quoted(edition)}")
    names = [d[0] for d in found.description or []]
    rows = (dict(zip(names, row, strict=True)) for row in found.fetchall())
    return {tuple(row[k] for k in model.key): row for row in rows}


def _is_same(before: Any, after: Any) -> bool:
    if isinstance(before, float) and isinstance(after, float | int):
        return math.isclose(before, after, rel_tol=SAME, abs_tol=SAME)
    return bool(before == after)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _mark_revised(db: duckdb.DuckDBPyConnection, model: Model, changes: list[Change]) -> None:
    """Marks the revised rows `r`, but for those that show no number."""
    keys = {c.row_key for c in changes if c.table == model.name}
    if not keys:
        return
    shown = (
        " || ', ' || ".join(f"{k}::VARCHAR" for k in model.key[1:]) or f"{model.key[0]}::VARCHAR"
    )
    columns = [d[0] for d in db.execute(f"FROM {model.table} LIMIT 0").description or []]
    for symbol in (c for c in columns if c.endswith("symbol")):
        db.execute(
            f"UPDATE {model.table} SET {symbol} = 'r' WHERE ({symbol} IS NULL OR {symbol} = 'p') "
            f"AND {shown} IN (SELECT unnest(?))", [sorted(keys)]
        )  # fmt: skip


def _count(db: duckdb.DuckDBPyConnection, path: Path) -> int:
    found = db.execute(f"SELECT count(*) FROM read_parquet({quoted(path)})").fetchone()
    return int(found[0]) if found else 0


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
            "revised_at": datetime.fromisoformat(one.manifest["frozen_at"]),
        }
        for one in _all(published)
        for change in one.manifest["changes"]
    ]


def _told(change: Change) -> str:
    return f"{change.table} {change.row_key} {change.column} from {change.was} to {change.now}"
