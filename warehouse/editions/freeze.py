"""Editions: a report year frozen when it is final. What comes later never changes it by itself.

Final is frozen and nothing else. `published/editions/FY2022.r1/` holds the rows of every report
table of that edition as Parquet and a manifest: hashes, code, lake and the calendar of nights. A
frozen edition's rows take the place of those that a build computes; another freezing of it is a
revision and needs a reason. `meta.edition` of every published file says how each edition stands.

The models write no `p`. Here alone it is put: on every shown figure of an edition that is not
frozen, or whose row is partial.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from transforms import DATASETS, engine
from transforms import night as line
from transforms.engine import quoted
from transforms.errors import PublishError, SettingsError
from transforms.lake import Lake
from transforms.settings import Settings
from transforms.storage import damage, put_folder, sha256, write_json
from warehouse import publish
from warehouse.editions import revisions
from warehouse.editions.revisions import Change, Comparison
from warehouse.models import Model
from warehouse.tables.make import (
    attach_lake,
    code_version,
    lake_fingerprint,
    make_tables,
)

log = logging.getLogger(__name__)

# A figure whose last nights are not there. Days that are missing within the year make it partial
# too, but will hardly ever come: they keep nobody from freezing.
UNFINISHED = "(as_of IS NULL OR as_of < period_to)"
FROM_BACKUP = "a frozen edition cannot be made again: restore it from a backup"
FOLDER = re.compile(r"[A-Z]{2}\d{4}\.r\d+")
EDITION = pa.schema(
    [
        ("edition", pa.string()),
        ("status", pa.string()),
        ("revision", pa.int32()),
        ("frozen_at", pa.timestamp("us", tz="UTC")),
        ("frozen_by", pa.string()),
        ("reason", pa.string()),
        ("code_version", pa.string()),
        ("lake_fingerprint", pa.string()),
        ("manifest_sha256", pa.string()),
    ]
)
REVISION = pa.schema(
    [
        ("edition", pa.string()),
        ("revision", pa.int32()),
        ("table_name", pa.string()),
        ("row_key", pa.string()),
        ("column_name", pa.string()),
        ("was", pa.string()),
        ("now", pa.string()),
        ("reason", pa.string()),
        ("revised_by", pa.string()),
        ("revised_at", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True)
class Frozen:
    """One freezing of an edition; `is_new` is false where it held these very rows already."""

    folder: Path
    manifest: dict[str, Any]
    is_new: bool = False

    @property
    def status(self) -> str:
        return "final" if self.manifest["revision"] == 1 else "corrected"

    @property
    def frozen_at(self) -> datetime:
        return datetime.fromisoformat(self.manifest["frozen_at"])


def freeze(settings: Settings, edition: str, by: str, reason: str | None = None) -> Frozen:
    """Freezes an edition as the lake and today's code make it.

    The same rows again are a no-op. Raises SettingsError for an edition that the lake cannot make,
    for an unfinished year and for a revision, either without a reason; PublishError where what was
    frozen is damaged.
    """
    with publish.writer_lock(settings.published), computed(settings) as db:
        _known(db, edition)
        old = newest(settings.published, edition)
        if old is None:
            _whole_or_reason(db, edition, reason)
            changes: list[Change] = []
        else:
            found = against(db, old)
            changes = found.changes + (revisions.added(found) if reason else [])
            if not changes:
                return old
            if not reason:
                raise SettingsError(
                    f"{edition} is frozen ({old.folder.name}) and {len(changes):,} cells would "
                    f"change, first {revisions.told(changes[0])}. Nothing was done: a revision "
                    f"needs a reason, and `outlook prove {edition}` lists what would change."
                )
        one = _write(db, settings, edition, old, changes, {"by": by, "reason": reason})
    if old and (hidden := revisions.newly_withheld(changes)):
        log.warning(
            "%s withholds what %s shows, in %s rows: %s. What was published can still be read in "
            "its folder and in its report: take them away by hand if that must not be",
            one.folder.name,
            old.folder.name,
            len(hidden),
            ", ".join(hidden[:5]),
        )
    log.info("froze %s as %s", edition, one.folder.name)
    return one


def prove(settings: Settings, edition: str) -> tuple[Frozen, Comparison]:
    """What today's lake and code would make otherwise than the frozen edition has it.

    Raises SettingsError where the edition is not frozen, PublishError where it is damaged.
    """
    old = newest(settings.published, edition)
    if old is None:
        raise SettingsError(
            f"{edition} is not frozen, so there is nothing to prove: `outlook report {edition} "
            "--status final` freezes it, or the DAG `outlook`."
        )
    with publish.writer_lock(settings.published), computed(settings) as db:
        return old, against(db, old)


def against(db: duckdb.DuckDBPyConnection, old: Frozen) -> Comparison:
    """Holds a frozen edition to the tables in `db`. Raises PublishError where it is damaged."""
    verify(old)
    return revisions.compare(db, old.manifest["edition"], old.folder, set(old.manifest["tables"]))


def verify(one: Frozen) -> None:
    """Raises PublishError where a file is not what was frozen."""
    for fault in faults(one):
        raise PublishError(fault)


def faults(one: Frozen) -> Iterator[str]:
    """A sentence for every file that is not what was frozen."""
    for name, entry in one.manifest["tables"].items():
        path = one.folder / f"{name}.parquet"
        if not path.is_file() or sha256(path) != entry["sha256"]:
            state = "is not what was frozen" if path.is_file() else "is gone"
            yield _damaged(f"{path} {state}")


def newest(published: Path, edition: str) -> Frozen | None:
    """The last freezing of an edition, if there is one."""
    return next((f for f in frozen(published) if f.manifest["edition"] == edition), None)


def frozen(published: Path) -> list[Frozen]:
    """The last freezing of every frozen edition."""
    last: dict[str, Frozen] = {}
    for one in every(published):
        last[one.manifest["edition"]] = one
    return [last[edition] for edition in sorted(last)]


def put_in(db: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Puts the frozen rows in the place of those that the build has computed, marks what is
    provisional, and writes meta.edition and meta.revision.

    A table that is younger than a frozen edition keeps its computed rows, marked provisional: they
    are no part of it before it is frozen again. A table or column that the code has no more stays
    in the edition's folder only. Raises PublishError where a frozen file is damaged.
    """
    known = frozen(published)
    for one in known:
        verify(one)
    for model in revisions.tables():
        of_it = [one for one in known if model.name in one.manifest["tables"]]
        for one in of_it:
            _put_rows(db, model.table, one)
        mark_provisional(db, model, [one.manifest["edition"] for one in of_it])
    _create(db, "meta.edition", pa.Table.from_pylist(_editions(db, published), schema=EDITION))
    _create(db, "meta.revision", pa.Table.from_pylist(_revisions(published), schema=REVISION))


def hashes(published: Path) -> dict[str, str]:
    """Hash of the manifest of every freezing, by the name of its folder."""
    return {f.folder.name: sha256(f.folder / "manifest.json") for f in every(published)}


def missed(published: Path, known: dict[str, str]) -> None:
    """Raises PublishError where an edition is gone or another than in `known`: the hashes that
    the live version was made with."""
    found = hashes(published)
    for name, digest in known.items():
        if found.get(name) != digest:
            state = "was changed" if name in found else "is gone"
            raise PublishError(_damaged(f"{published / 'editions' / name} {state}"))


def fingerprint(published: Path) -> str:
    """What the frozen editions are: a build must not pass for current where they have changed."""
    return " ".join(f"{name}:{digest}" for name, digest in hashes(published).items())


@contextmanager
def computed(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table as today's lake and code would freeze it, in memory: `p` is what is partial."""
    lake = Lake(settings.lake)
    with ExitStack() as held:
        for dataset in DATASETS:
            # As in a build: a night committed meanwhile would be in some tables and not in others,
            # and the manifest's fingerprint would be that of another lake.
            held.enter_context(lake.lock(dataset))
            line.settle(lake, dataset, settings)
        db = held.enter_context(engine.in_memory())
        attach_lake(db, lake, settings)
        db.execute("ATTACH ':memory:' AS outlook")
        db.execute("USE outlook")
        make_tables(db)
        every = [e for (e,) in db.execute("SELECT edition FROM marts.dim_edition").fetchall()]
        for model in revisions.tables():
            mark_provisional(db, model, every)
        yield db


def every(published: Path) -> list[Frozen]:
    """Every freezing, the oldest of an edition first. Raises PublishError for half of one."""
    found = []
    folders = [f for f in (published / "editions").glob("*") if FOLDER.fullmatch(f.name)]
    for folder in folders:
        if not (folder / "manifest.json").is_file():
            raise PublishError(_damaged(f"{folder} has no manifest.json"))
        found.append(Frozen(folder, publish.manifest(folder, FROM_BACKUP)))
    return sorted(found, key=lambda f: (f.manifest["edition"], f.manifest["revision"]))


def _damaged(what: str) -> str:
    return damage(what, FROM_BACKUP)


def _write(
    db: duckdb.DuckDBPyConnection,
    settings: Settings,
    edition: str,
    old: Frozen | None,
    changes: list[Change],
    said: dict[str, str | None],
) -> Frozen:
    number = old.manifest["revision"] + 1 if old else 1
    # What an earlier revision changed is marked as revised in this one too.
    before = [
        Change(**c)
        for f in every(settings.published)
        if f.manifest["edition"] == edition
        for c in f.manifest["changes"]
    ]
    with publish.new_version(settings.published) as building:
        files = {}
        for model in revisions.tables():
            if model.schema == "report":
                revisions.mark(db, model, before + changes, edition)
            path = building / f"{model.name}.parquet"
            db.execute(
                f"COPY (SELECT * FROM {model.table} WHERE edition = {quoted(edition)} "
                f"ORDER BY rowid) TO {quoted(path)} (FORMAT parquet)"  # as the page shows them
            )
            files[model.name] = {"sha256": sha256(path), "rows": _count(db, path)}
        manifest = {
            "edition": edition,
            "revision": number,
            "frozen_at": datetime.now(UTC).isoformat(timespec="seconds"),
            **said,
            **_made_of(db, settings, edition),
            "tables": files,
            "changes": [vars(c) for c in changes],
        }
        write_json(building / "manifest.json", manifest)
        target = settings.published / "editions" / f"{edition}.r{number}"
        put_folder(building, target, settings.published / "editions")
    return Frozen(target, manifest, is_new=True)


def _known(db: duckdb.DuckDBPyConnection, edition: str) -> None:
    names = [e for (e,) in db.execute("SELECT edition FROM marts.dim_edition").fetchall()]
    if edition not in names:
        raise SettingsError(f"there is no edition {edition}: known are {', '.join(names)}")


def _whole_or_reason(db: duckdb.DuckDBPyConnection, edition: str, reason: str | None) -> None:
    found = db.execute(
        f"SELECT max(as_of), bool_or({UNFINISHED}) FROM report.headline WHERE edition = ?",
        [edition],
    ).fetchone()
    data_to, is_unfinished = found or (None, True)
    if is_unfinished and not reason:
        raise SettingsError(
            f"{edition} is not finished: its data go to {data_to}, and some figures may stand on "
            "an earlier night. Load the last nights of the year. Where they will never come, "
            "give a reason: it is published with the edition."
        )


def _made_of(db: duckdb.DuckDBPyConnection, settings: Settings, edition: str) -> dict[str, Any]:
    nights = db.execute(
        "SELECT night.dataset, night.export_date, night.status FROM staging.stg_night AS night "
        "JOIN marts.dim_edition AS of ON night.export_date BETWEEN of.period_from AND of.period_to "
        "WHERE of.edition = ? ORDER BY ALL",
        [edition],
    ).fetchall()
    return {
        "code_version": code_version(),
        "lake_fingerprint": lake_fingerprint(Lake(settings.lake), settings),
        "nights": [{"dataset": d, "export_date": f"{n}", "status": s} for d, n, s in nights],
    }


def _put_rows(db: duckdb.DuckDBPyConnection, table: str, one: Frozen) -> None:
    path = one.folder / f"{table.partition('.')[2]}.parquet"
    source = f"read_parquet({quoted(path)})"
    there = set(revisions.columns(db, table))
    names = ", ".join(c for c in revisions.columns(db, source) if c in there)
    where = f"edition = {quoted(one.manifest['edition'])}"
    if table.startswith("meta."):
        # Why a figure is x; figures younger than the edition keep their own row.
        where += f" AND figure IN (SELECT figure FROM {source})"
    db.execute(f"DELETE FROM {table} WHERE {where}")
    db.execute(f"INSERT INTO {table} BY NAME SELECT {names} FROM {source}")


def mark_provisional(db: duckdb.DuckDBPyConnection, model: Model, closed: list[str]) -> None:
    """Marks the figures that are shown without a symbol, but for whole rows of `closed` editions.

    A measure that is younger than a frozen edition shows nothing there, and gets no mark.
    """
    for symbol in revisions.symbols(db, model.table) if model.schema == "report" else []:
        counted = f"{symbol.removesuffix('symbol')}numerator"
        db.execute(
            f"UPDATE {model.table} SET {symbol} = 'p' WHERE {symbol} IS NULL "
            f"AND {counted} IS NOT NULL AND (is_partial OR NOT list_contains(?, edition))",
            [closed],
        )


def _create(db: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    db.register("rows_to_write", rows)
    db.execute(f"CREATE TABLE {table} AS FROM rows_to_write")
    db.unregister("rows_to_write")


def _count(db: duckdb.DuckDBPyConnection, path: Path) -> int:
    found = db.execute(f"SELECT count(*) FROM read_parquet({quoted(path)})").fetchone()
    return int(found[0]) if found else 0


def _editions(db: duckdb.DuckDBPyConnection, published: Path) -> list[dict[str, Any]]:
    """How every edition stands: those of today's lake, and those frozen of an earlier one."""
    rows: dict[str, dict[str, Any]] = {
        name: {"edition": name, "status": "provisional"}
        for (name,) in db.execute("SELECT edition FROM marts.dim_edition").fetchall()
    }
    for one in frozen(published):
        rows[one.manifest["edition"]] = {
            **{
                k: one.manifest[k]
                for k in ("edition", "revision", "reason", "code_version", "lake_fingerprint")
            },
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
