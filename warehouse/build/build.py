"""Building: the lake made into one DuckDB file, checked, closed, reopened, recounted, published."""

import logging
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from transforms import DATASETS, engine
from transforms import night as line
from transforms.deliveries import exports
from transforms.engine import quoted
from transforms.errors import ExportMissing, PublishError
from transforms.lake import Lake
from transforms.settings import Settings
from transforms.storage import discard, sha256, sha256_of
from warehouse import macros, publish
from warehouse.build import catalog, checks, release
from warehouse.editions import frozen, put_in
from warehouse.models import models
from warehouse.tables.make import (
    attach_lake,
    code_version,
    lake_fingerprint,
    make_tables,
)

log = logging.getLogger(__name__)

# The oldest client that must be able to open the file; the newest format would shut it out.
STORAGE_VERSION = "v1.4.0"
BLOCK_SIZE = 16_384  # a small file of many small tables; larger blocks would pad it tenfold


@dataclass(frozen=True)
class Built:
    """A published version; `is_new` is false where nothing in the lake had changed."""

    folder: Path
    is_new: bool
    manifest: dict[str, Any]


def build(
    settings: Settings, full: bool = False, progress: Callable[[str], None] | None = None
) -> Built:
    """Makes the warehouse from the lake and publishes it.

    `full` folds the whole history again from the partitions; the outcome is the same. Raises
    NightHeld where a check fails and ExportMissing where the lake has no usable night.
    """
    lake = Lake(settings.lake)
    with publish.writer_lock(settings.published), ExitStack() as held:
        for dataset in DATASETS:
            # Nights may be loaded meanwhile, but committed only once the lake has been read.
            held.enter_context(lake.lock(dataset))
            if full:
                discard(lake.root / "history" / dataset, settings.work)
            line.settle(lake, dataset, settings)
        night = _last_night(lake)
        live = publish.latest(settings.published)
        if fault := publish.fault(settings.published):
            log.error("%s", fault)
        about = publish.manifest(live) if live and not fault else None
        # A damaged manifest does not tell which frozen editions there were: any version's does.
        shown = about.get("editions", {}) if about else publish.editions_shown(settings.published)
        frozen.missed(settings.published, shown)
        fingerprint = _fingerprint(lake, settings)
        if live and about and not full and about["lake_fingerprint"] == fingerprint:
            with engine.in_memory() as db:
                # Also where nothing is to be made, what would be read is verified, and mended.
                attach_lake(db, lake, settings)
            log.info("nothing in the lake has changed since %s: it stays live", live.name)
            publish.mend_pointer(settings.published, live.name)
            return Built(live, False, about)
        with publish.new_version(settings.published) as folder:
            version = publish.free_name(settings.published, night).name
            before = live / publish.FILE if live and about else None
            manifest = _make(folder, lake, settings, night, fingerprint, version, before, progress)
            is_newest = live is None or _supersedes(lake, night, live)
            target = publish.put_in_place(folder, settings.published, night, manifest, is_newest)
    log.info("published %s in %.1f s", target.name, manifest["seconds"])
    return Built(target, True, publish.manifest(target))


def _fingerprint(lake: Lake, settings: Settings) -> str:
    """Hash of the lake and of the frozen editions."""
    of_editions = frozen.fingerprint(settings.published)
    made = lake_fingerprint(lake, settings)
    return sha256_of(f"{made} {of_editions}") if of_editions else made


def describe(
    db: duckdb.DuckDBPyConnection,
    results: list[checks.Result],
    run: dict[str, Any],
    told: dict[str, Any],
) -> None:
    """Writes what the file says of itself: macros, help, meta tables, comments, dictionary."""
    macros.create(db, of_tables=True)
    catalog.write_check_results(db, results)
    catalog.write_run(db, run)
    catalog.write_release(db, told)
    catalog.write_examples(db)
    catalog.write_help(db, told)
    catalog.document(db, models(), models()[0])


def content_hashes(db: duckdb.DuckDBPyConnection, catalog_name: str) -> dict[str, str]:
    """Hash of each published table's rows, free of their order; the build's own rows left out."""
    tables = db.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? "
        "AND schema_name IN ('marts', 'report', 'meta') ORDER BY ALL",
        [catalog_name],
    ).fetchall()
    hashes = {}
    for schema, table in tables:
        if f"{schema}.{table}" not in catalog.OF_THE_BUILD:
            found = db.execute(
                f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {catalog_name}.{schema}.{table} AS t"
            ).fetchone()
            hashes[f"{schema}.{table}"] = f"{found[0]}:{found[1]}" if found else ""
    return hashes


def _make(
    folder: Path,
    lake: Lake,
    settings: Settings,
    night: date,
    fingerprint: str,
    version: str,
    before: Path | None,
    progress: Callable[[str], None] | None,
) -> dict[str, Any]:
    started = time.monotonic()
    now = datetime.now(UTC)
    path = folder / publish.FILE
    run = {
        "run_id": f"{now:%Y%m%dT%H%M%SZ}-{fingerprint[:8]}",
        "export_date": night,
        "code_version": code_version(),
        "lake_fingerprint": fingerprint,
        "duckdb_version": duckdb.__version__,
        "built_at": now,
    }
    with engine.in_memory(folder / "spill") as db:
        attach_lake(db, lake, settings)
        db.execute(
            f"ATTACH {quoted(path)} AS outlook "
            f"(STORAGE_VERSION '{STORAGE_VERSION}', BLOCK_SIZE {BLOCK_SIZE}, "
            # The file counts once it is whole. A log of it on a full disk ends DuckDB by abort().
            "RECOVERY_MODE no_wal_writes)"
        )
        db.execute("USE outlook")
        make_tables(db, progress)
        put_in.put_in(db, settings.published)
        results = checks.run(db, models())
        checks.hold_on_failure(results)
        due = partial(exports.due_nights, settings.exports)
        told = release.describe(db, version, night, settings.market, due, before)
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
        "editions": frozen.hashes(settings.published),
        "tables": hashes,
    }


def _recount(path: Path, hashes: dict[str, str]) -> None:
    """The file as a reader will see it must hold what was written."""
    with engine.read_only(path) as db:
        found = content_hashes(db, path.stem)
    if found != hashes:
        wrong = sorted(t for t in hashes if found.get(t) != hashes[t])
        raise PublishError(
            f"The file reads back otherwise than it was written ({', '.join(wrong)}): "
            "the disk or DuckDB is at fault. It was not published; the old version stays live."
        )


def _supersedes(lake: Lake, night: date, live: Path) -> bool:
    """A newer night; or an older one, where the live one's has since been judged not to count."""
    shown = date.fromisoformat(live.name[:10])  # its manifest may be damaged
    known = [r for d in DATASETS if (r := lake.receipt(d, shown)) is not None]
    return night >= shown or (bool(known) and not any(r.is_usable for r in known))


def _last_night(lake: Lake) -> date:
    nights = [
        receipt.export_date
        for dataset in DATASETS
        for receipt in lake.receipts(dataset)
        if receipt.is_usable
    ]
    if not nights:
        raise ExportMissing("The lake has no usable night: load one with `outlook run --date …`.")
    return max(nights)
