"""Building: the lake made into one DuckDB file, checked, closed, reopened, recounted, published."""

import hashlib
import logging
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import duckdb

from transforms import DATASETS, exports, history
from transforms import lake as lake_room
from transforms.across_rows import quoted
from transforms.errors import ExportMissing, PublishError
from transforms.lake import USABLE, Lake, sha256
from transforms.settings import Settings
from warehouse import catalog, checks, lake_views, publish
from warehouse.models import PUBLISHED, models

log = logging.getLogger(__name__)

# The oldest client that must be able to open the file; the newest format would shut it out.
STORAGE_VERSION = "v1.4.0"
BLOCK_SIZE = 16_384  # a small file of many small tables; larger blocks would pad it tenfold
MEMORY = "768MB"


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
                lake_room.discard(lake.root / "history" / dataset, settings.work)
            history.settle(lake, dataset, settings)
        night = _last_night(lake)
        fingerprint = lake_fingerprint(lake, settings)
        live = publish.latest(settings.published)
        if live and not full and publish.manifest(live)["lake_fingerprint"] == fingerprint:
            log.info("nothing in the lake has changed since %s: it stays live", live.name)
            return Built(live, False, publish.manifest(live))
        with publish.new_version(settings.published) as folder:
            manifest = _make(folder, lake, settings, night, fingerprint, progress)
            is_newest = live is None or _supersedes(lake, night, publish.manifest(live))
            target = publish.put_in_place(folder, settings.published, night, manifest, is_newest)
    log.info("published %s in %.1f s", target.name, manifest["seconds"])
    return Built(target, True, publish.manifest(target))


def lake_fingerprint(lake: Lake, settings: Settings) -> str:
    """Hash of all that the warehouse is made from: nights, their folds, the market, the code."""
    digest = hashlib.sha256(f"{code_version()} {settings.market.code}".encode())
    for dataset in DATASETS:
        for receipt in lake.receipts(dataset):
            parts = ("export_date", "status", "content", "exported_at", "revision", "reason")
            digest.update(repr([receipt[p] for p in parts]).encode())
        for _, _, account in history.folded_nights(lake, dataset)[-1:]:
            digest.update(account["name"].encode())
    return digest.hexdigest()


def open_memory() -> duckdb.DuckDBPyConnection:
    """A bounded connection that no extension and no Python variable can slip into."""
    db = duckdb.connect(config={"memory_limit": MEMORY, "threads": 2})
    db.execute("SET python_enable_replacements = false")
    db.execute("SET autoinstall_known_extensions = false")
    db.execute("SET TimeZone = 'UTC'")
    return db


def make_tables(
    db: duckdb.DuckDBPyConnection, progress: Callable[[str], None] | None = None
) -> None:
    """Runs every model in order; `lake` and the target catalog are attached already."""
    db.execute("ATTACH ':memory:' AS staging")
    for schema in PUBLISHED:
        db.execute(f"CREATE SCHEMA {schema}")
    for model in models():
        db.execute(f"CREATE TABLE {model.table} AS {model.sql}")
        if progress:
            progress(model.table)


def content_hashes(db: duckdb.DuckDBPyConnection, catalog_name: str) -> dict[str, str]:
    """Hash of each published table's rows, free of their order; the build's own row left out."""
    tables = db.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? "
        "AND schema_name IN ('marts', 'report', 'meta') ORDER BY ALL", [catalog_name]
    ).fetchall()  # fmt: skip
    hashes = {}
    for schema, table in tables:
        if (schema, table) != ("meta", "run"):
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
    with open_memory() as db:
        db.execute(f"SET temp_directory = {quoted(folder / 'spill')}")
        due = partial(exports.due_nights, settings.exports)
        lake_views.attach(db, lake, settings.market, due)
        db.execute(
            f"ATTACH {quoted(path)} AS outlook "
            f"(STORAGE_VERSION '{STORAGE_VERSION}', BLOCK_SIZE {BLOCK_SIZE})"
        )
        db.execute("USE outlook")
        make_tables(db, progress)
        results = checks.run(db, models())
        checks.hold_on_failure(results)
        catalog.write_check_results(db, results)
        catalog.write_run(db, run)
        catalog.write_help(db)
        catalog.document(db, models(), models()[0])
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
        "tables": hashes,
    }


def _recount(path: Path, hashes: dict[str, str]) -> None:
    """The file as a reader will see it must hold what was written."""
    with duckdb.connect(str(path), read_only=True) as db:
        found = content_hashes(db, path.stem)
    if found != hashes:
        wrong = sorted(t for t in hashes if found.get(t) != hashes[t])
        raise PublishError(
            f"The file reads back otherwise than it was written ({', '.join(wrong)}): "
            "the disk or DuckDB is at fault. It was not published; the old version stays live."
        )


def _supersedes(lake: Lake, night: date, live: dict[str, Any]) -> bool:
    """A newer night; or an older one, where the live one's has since been judged not to count."""
    shown = date.fromisoformat(live["export_date"])
    known = [r for d in DATASETS if (r := lake.receipt(d, shown)) is not None]
    return night >= shown or (bool(known) and all(r["status"] not in USABLE for r in known))


def _last_night(lake: Lake) -> date:
    nights = [
        receipt["export_date"]
        for dataset in DATASETS
        for receipt in lake.receipts(dataset)
        if receipt["status"] in USABLE
    ]
    if not nights:
        raise ExportMissing("The lake has no usable night: load one with `outlook run --date …`.")
    return date.fromisoformat(max(nights))


@cache
def code_version() -> str:
    """Hash of the code and data that decide what the published file holds."""
    digest = hashlib.sha256(lake_room.code_version().encode())
    room = Path(__file__).parent
    for path in sorted(room.rglob("*")):
        # The page only shows what is in the file.
        if path.suffix in (".py", ".sql", ".toml") and room / "page" not in path.parents:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
