"""`outlook doctor`: checks what a night needs and every stored file, and says how to repair it."""

import difflib
import os
import platform
import shlex
import shutil
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import duckdb
from packaging.requirements import Requirement

from transforms import engine
from transforms.deliveries import exports
from transforms.errors import OutlookError, TransientError
from transforms.lake import Lake
from transforms.settings import NAMES, Settings, settings
from warehouse import versions
from warehouse.page import pdf
from warehouse.questions import deployment, stored

LOW_DISK = 5 << 30
PROJECT = "digital-b2b-outlook"
# Variables that only the DAGs and the tests read.
OF_THE_DAGS = ("LEASE", "NOTIFY", "POOL", "POKE_SECONDS", "RETRY_SECONDS", "WAIT_MINUTES")
PREFIXES = ("OUTLOOK_LATE_", "OUTLOOK_NOTIFY_", "OUTLOOK_TEST_")


def examine() -> list[dict[str, str]]:
    """A row per check: thing, verdict (fine, warn, wrong), what was found or what to do."""
    try:
        chosen = settings()
    except OutlookError as error:
        return [_found("settings", "wrong", str(error))]
    market = chosen.market
    told = f"home {chosen.home}, market {market.code}, export dates are in {market.time_zone}"
    if not chosen.home.is_dir():
        told += "; that folder is not there yet: correct OUTLOOK_HOME unless this is a first run"
    examined = [_found("settings", "fine" if chosen.home.is_dir() else "warn", told)]
    for thing, look in (_LOOKS | ({"lake": _bucket} if chosen.bucket else {})).items():
        try:
            verdict, what = look(chosen)
        except (OutlookError, TransientError, OSError) as error:
            verdict, what = "wrong", str(error)
        examined.append(_found(thing, verdict, what))
    return examined + [_found(thing, *found) for thing, found in deployment.examine(chosen)]


def _found(thing: str, verdict: str, what: str) -> dict[str, str]:
    return {"thing": thing, "verdict": verdict, "what": what}


def _environment(_: Settings) -> tuple[str, str]:
    """A mistyped variable has no effect, and nothing else would say so."""
    known = [f"OUTLOOK_{name}" for name in (*NAMES, *OF_THE_DAGS)]
    odd = [
        name
        for name in sorted(os.environ)
        if name.startswith("OUTLOOK_") and name not in known and not name.startswith(PREFIXES)
    ]
    if not odd:
        return "fine", "every variable OUTLOOK_… is a setting"
    near = [*difflib.get_close_matches(odd[0], known, 1), "a name of the README's table"]
    return "warn", f"{', '.join(odd)}: no such setting, so it has no effect; write {near[0]}"


def _key(chosen: Settings) -> tuple[str, str]:
    if not chosen.key:
        return "wrong", "OUTLOOK_KEY is not set: set it to 32 or more random characters"
    if len(chosen.key) < 32:
        return "warn", "OUTLOOK_KEY is shorter than 32 characters: hashes of names can be guessed"
    return "fine", "OUTLOOK_KEY is set"


def _exports(chosen: Settings) -> tuple[str, str]:
    """Lists the source, as a night would."""
    began = time.monotonic()
    seen = exports.newest(chosen.exports, 3)
    took = f"{chosen.exports} answered in {time.monotonic() - began:.1f} s"
    if not seen:
        return "warn", f"{took}, and no night has been delivered there yet"
    return "fine", f"{took}; its newest nights: {', '.join(seen)}"


def _bucket(chosen: Settings) -> tuple[str, str]:
    """Asks the store for what a lake needs of it."""
    began = time.monotonic()
    chosen.place.hold_to_promises()
    took = f"{time.monotonic() - began:.1f} s"
    return "fine", f"{Lake(chosen.place)} keeps to conditional writes; to ask took {took}"


def _disk(chosen: Settings) -> tuple[str, str]:
    folder = next(p for p in (chosen.home, *chosen.home.parents) if p.exists())
    free = shutil.disk_usage(folder).free
    verdict = "fine" if free > LOW_DISK else "warn"
    return verdict, f"{free >> 30} GiB free at {folder}"


def _key_file(chosen: Settings) -> tuple[str, str]:
    path = chosen.home / "key"
    if not path.exists():
        return "fine", f"there is no {path}"
    if path.stat().st_mode & 0o077:
        return "wrong", f"other users can read {path}: chmod 600 {path}"
    return "fine", "other users cannot read the key"


def _private(chosen: Settings) -> tuple[str, str]:
    """Deliveries, scratch and rejected rows hold personal data: folders 0700, files 0600."""
    folders = [p for p in (chosen.landing, chosen.work) if p.is_dir()]
    folders += [p for p in chosen.landing.glob("*") if p.is_dir()]
    rejected = list(chosen.lake.glob("*/*/*/rejected*.parquet"))
    files = [p for p in chosen.landing.glob("*/*") if p.is_file()] + rejected
    folders += [p.parent for p in rejected]
    is_open = [p for p in (*folders, *files) if p.stat().st_mode & 0o077]
    if not is_open:
        return "fine", "only their owner can read landed files, scratch and rejected rows"
    roots = [r for r in (chosen.landing, chosen.lake) if any(r in (p, *p.parents) for p in is_open)]
    return "wrong", (
        f"other users can read {len(is_open):,} folders and files with personal data, such as "
        f"{is_open[0]}: chmod -R go-rwx {' '.join(shlex.quote(str(r)) for r in roots)}"
    )


def _published(chosen: Settings) -> tuple[str, str]:
    live = versions.latest(chosen.published)
    if live is None:
        return "warn", "nothing is published yet: run `outlook run --date …`"
    if Path(f"{live / versions.FILE}.wal").exists():
        return "wrong", f"{live / versions.FILE} has a .wal file: remove it and build again"
    try:
        versions.verified(live)
        with engine.read_only(live / versions.FILE) as db:
            db.execute("SELECT count(*) FROM report.headline").fetchone()
    except duckdb.Error as error:
        return "wrong", f"{live} cannot be read: {error}; run `outlook build --full`"
    return "fine", f"{live.name} is live and readable"


def _versions(_: Settings) -> tuple[str, str]:
    """Compares the installed packages with those that the project requires."""
    told = f"Python {platform.python_version()}, DuckDB {version('duckdb')}"
    try:
        asked = [Requirement(text) for text in requires(PROJECT) or ()]
    except PackageNotFoundError:
        return "warn", f"{told}; {PROJECT} itself is not installed: `make run` installs it"
    others = [
        f"{need.name} is {found or 'not installed'}, required is {need.specifier}"
        for need in asked
        if need.marker is None or need.marker.evaluate({"extra": ""})
        if not ((found := _installed(need.name)) and need.specifier.contains(found, True))
    ]
    if others:
        return "warn", f"{told}; {'; '.join(others)}: remove .venv and run `make run`"
    return "fine", f"{told}; every package has a required version"


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _pdf(_: Settings) -> tuple[str, str]:
    if not pdf.can_write():
        return "warn", f"reports have no PDF: libpango is not installed. To install: {pdf.INSTALL}"
    return "fine", "reports have a PDF"


_LOOKS: dict[str, Callable[[Settings], tuple[str, str]]] = {
    "environment": _environment,
    "key": _key,
    "key file": _key_file,
    "private": _private,
    "exports": _exports,
    "disk": _disk,
    "published": _published,
    "receipts": partial(stored.verdict, stored.receipts),
    "parts": partial(stored.verdict, stored.parts),
    "history": partial(stored.verdict, stored.folds),
    "published files": partial(stored.verdict, stored.published),
    "editions": partial(stored.verdict, stored.editions),
    "reports": partial(stored.verdict, stored.reports),
    "landing": partial(stored.verdict, stored.landed),
    "versions": _versions,
    "PDF": _pdf,
}
