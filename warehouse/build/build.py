"""Building: makes one DuckDB file from the lake, checks, closes, reopens, recounts, publishes."""

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from transforms import DATASETS, engine
from transforms.code import code_version
from transforms.engine import quoted
from transforms.errors import ExportMissing, PublishError
from transforms.lake import Lake
from transforms.settings import Settings
from transforms.storage import sha256, sha256_of
from warehouse import macros, mirror, publish, versions
from warehouse.build import catalog, checks, release
from warehouse.editions import frozen, put_in, scores, vintages
from warehouse.models import models
from warehouse.tables import lake_views
from warehouse.tables.make import (
    MADE_BY,
    attach_lake,
    lake_fingerprint,
    make_tables,
    settled,
)
from warehouse.tables.nights import due_nights
from warehouse.tables.rows import each

log = logging.getLogger(__name__)

# Format of the oldest client that must be able to open the file.
STORAGE_VERSION = "v1.4.0"
# From how many listings ever seen, and how many of them and rows of daily facts together. Large
# blocks would pad a small file, of many small tables, fivefold. Small ones take twice the time for
# a million listings and half as much room again, and five times as much for daily facts: DuckDB
# packs no long integers into 16 KiB. Of daily facts the middle ones take as little as the largest.
BLOCK_SIZES = ((750_000, 0, 262_144), (0, 20_000, 65_536), (0, 0, 16_384))


@dataclass(frozen=True)
class Built:
    """A published version; `is_new` is false if nothing in the lake had changed."""

    folder: Path
    is_new: bool
    manifest: dict[str, Any]

    @property
    def file(self) -> Path:
        return self.folder / versions.FILE


@dataclass(frozen=True)
class Coming:
    """The version to make: its night, its lake, and the file before it."""

    night: date
    name: str
    fingerprint: str
    before: Path | None

    def run(self) -> dict[str, Any]:
        """The row of meta.run."""
        now = datetime.now(UTC)
        return {
            "run_id": f"{now:%Y%m%dT%H%M%SZ}-{self.fingerprint[:8]}",
            "export_date": self.night,
            "code_version": code_version(*MADE_BY),
            "lake_fingerprint": self.fingerprint,
            "duckdb_version": duckdb.__version__,
            "built_at": now,
        }


def build(
    settings: Settings,
    full: bool = False,
    progress: Callable[[str], None] | None = None,
    night: date | None = None,
    incomplete: bool = False,
    thorough: bool = False,
) -> Built:
    """Makes the warehouse from the lake and publishes it, up to the night that
    `versions.night_to_show` picks: `night` is the one asked for.

    `full` rebuilds the whole history from the partitions; the result is the same. `thorough` also
    compares with its hash what the build does not read of the history. Raises NightHeld
    if a check fails, ExportMissing if the lake has no night that can be shown.
    """
    built = _built(settings, full, progress, night, incomplete, thorough)
    mirror.after_publishing(settings)
    return built


def _built(
    settings: Settings,
    full: bool,
    progress: Callable[[str], None] | None,
    night: date | None,
    incomplete: bool,
    thorough: bool,
) -> Built:
    lake = Lake(settings.place)
    with (
        publish.writer_lock(settings.published),
        settled(lake, settings, anew=full, thorough=thorough),
    ):
        last = _night(settings, lake, night, incomplete)
        live = versions.latest(settings.published)
        if fault := versions.fault(settings.published):
            log.error("%s", fault)
        about = versions.manifest(live) if live and not fault else None
        # The live manifest may be damaged, so take the frozen editions from any version's.
        shown = about.get("editions", {}) if about else versions.editions_shown(settings.published)
        frozen.missed(settings.published, shown)
        fingerprint = _fingerprint(lake, settings, last)
        if live and about and not full and about["lake_fingerprint"] == fingerprint:
            with engine.in_memory() as db:
                # Also where nothing is to be made, what would be read is verified, and mended.
                attach_lake(db, lake, settings, last)
            log.info("nothing in the lake has changed since %s, which stays live", live.name)
            publish.mend_pointer(settings.published, live.name)
            return Built(live, False, about)
        with publish.new_version(settings.published) as folder:
            name = publish.free_name(settings.published, last).name
            before = live / versions.FILE if live and about else None
            coming = Coming(last, name, fingerprint, before)
            manifest = _make(folder, lake, settings, coming, progress)
            is_newest = versions.supersedes(last, live, lake)
            target = publish.put_in_place(
                folder, settings.published, last, manifest, is_newest, lake.locks()
            )
    log.info("published %s in %.1f s", target.name, manifest["seconds"])
    return Built(target, True, versions.manifest(target))


def is_current(settings: Settings) -> bool:
    """Whether the live version shows all that a build would show now, by the lake's receipts."""
    lake = Lake(settings.place)
    night = versions.night_to_show(settings.published, lake)
    live = versions.latest(settings.published)
    if night is None or live is None or versions.fault(settings.published):
        return False
    told = versions.manifest(live)["lake_fingerprint"]
    return bool(told == _fingerprint(lake, settings, night))


def is_behind(settings: Settings) -> bool:
    """Whether a build would put something live that the live version does not show."""
    lake, live = Lake(settings.place), versions.latest(settings.published)
    night = versions.night_to_show(settings.published, lake)
    if night is None or is_current(settings):
        return False
    if live and not versions.supersedes(night, live, lake):
        # Made all the same, it would not become the live one, and be made again every hour.
        log.warning(
            "%s stays live, though the lake does not know its night: the newest that it has is %s. "
            "Restore the lake, or load the night again.",
            live.name,
            night,
        )
        return False
    return True


def _fingerprint(lake: Lake, settings: Settings, night: date) -> str:
    """Hash of the lake up to that night and of the frozen editions."""
    of_editions = frozen.fingerprint(settings.published)
    made = lake_fingerprint(lake, settings, night)
    return sha256_of(f"{made} {of_editions}") if of_editions else made


def describe(
    db: duckdb.DuckDBPyConnection,
    results: list[checks.Result],
    run: dict[str, Any],
    told: dict[str, Any],
) -> None:
    """Writes the file's own documentation: meta tables, macros, help, comments, dictionary."""
    catalog.write_check_results(db, results)
    catalog.write_run(db, run)
    catalog.write_release(db, told)
    macros.create(db, of_tables=True)
    catalog.write_examples(db)
    catalog.write_help(db, told)
    catalog.document(db, models(), models()[0])


def content_hashes(db: duckdb.DuckDBPyConnection, catalog_name: str) -> dict[str, str]:
    """Hash of each published table's rows in any order, without tables about the build itself."""
    found = db.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = ? "
        "AND schema_name IN ('marts', 'report', 'meta') ORDER BY schema_name, table_name",
        [catalog_name],
    ).fetchall()
    tables = [table for (table,) in found if table not in catalog.OF_THE_BUILD]
    queries = [
        f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {catalog_name}.{table} AS t"
        for table in tables
    ]
    hashes = (f"{count}:{total}" for count, total in each(db, queries))
    return dict(zip(tables, hashes, strict=True))


def _make(
    folder: Path,
    lake: Lake,
    settings: Settings,
    coming: Coming,
    progress: Callable[[str], None] | None,
) -> dict[str, Any]:
    """Makes the version's file in `folder`; returns its manifest."""
    started = time.monotonic()
    run = coming.run()
    path = folder / versions.FILE
    with engine.in_memory(folder / "spill") as db:
        attach_lake(db, lake, settings, coming.night)
        db.execute(f"ATTACH {quoted(path)} AS outlook ({storage(db)})")
        db.execute("USE outlook")
        make_tables(db, progress)
        put_in.put_in(db, settings.published)
        scores.put_in(db, settings.published)
        live = coming.before.parent if coming.before else None
        vintages.put_in(db, settings.published, live, run, coming.name)
        results = checks.run(db, models())
        checks.hold_on_failure(results)
        due = due_nights(settings)
        told = release.describe(db, coming.name, coming.night, settings.market, due, coming.before)
        describe(db, results, run, told)
        hashes = content_hashes(db, "outlook")
        db.execute("CHECKPOINT outlook")
        db.execute("USE memory")
        db.execute("DETACH outlook")
    shutil.rmtree(folder / "spill", ignore_errors=True)
    _recount(path, hashes)
    return {
        **run,
        "seconds": round(time.monotonic() - started, 3),
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "storage_version": STORAGE_VERSION,
        "is_complete": lake.is_complete(coming.night),
        "editions": frozen.hashes(settings.published),
        "tables": hashes,
    }


def storage(db: duckdb.DuckDBPyConnection) -> str:
    """How the file is stored, for ATTACH; `lake` must be attached."""
    listings, days = lake_views.size(db)
    size = next(
        size for seen, rows, size in BLOCK_SIZES if listings >= seen and listings + days >= rows
    )
    # No log is needed: the file counts only when complete, and DuckDB aborts if a full disk stops
    # it writing one.
    return f"STORAGE_VERSION '{STORAGE_VERSION}', BLOCK_SIZE {size}, RECOVERY_MODE no_wal_writes"


def _recount(path: Path, hashes: dict[str, str]) -> None:
    """Raises PublishError unless the closed file reads back as it was written."""
    with engine.read_only(path) as db:
        found = content_hashes(db, path.stem)
    if found != hashes:
        wrong = sorted(t for t in hashes if found.get(t) != hashes[t])
        raise PublishError(
            f"The file does not read back as it was written ({', '.join(wrong)}): the disk or "
            "DuckDB is at fault. It was not published; the old version stays live."
        )


def _night(settings: Settings, lake: Lake, asked: date | None, incomplete: bool) -> date:
    night = versions.night_to_show(settings.published, lake, asked, incomplete)
    newest = max((r.export_date for d in DATASETS for r in lake.receipts(d)), default=None)
    waiting = lake.waiting(newest) if newest else "nothing was ever loaded"
    if night is None:
        raise ExportMissing(
            f"No night has usable exports of all datasets, so nothing was published "
            f"({newest or 'the lake is empty'}: {waiting}). Run `outlook run --date …` for a whole "
            "night, or `outlook build --incomplete` to publish what there is."
        )
    if newest and newest > night and waiting:
        log.warning("%s is not shown; the version ends at %s: %s", newest, night, waiting)
    return night
