"""Publishing: a finished version put in place by renames; readers see the old one or the new one.

`published/<export_date>/outlook.duckdb` is never touched again; a night published again becomes
`<export_date>.r2`. `latest` moves on, never back.
"""

import logging
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from transforms.errors import Damaged, PublishError
from transforms.storage import disk_fault, locked, move, read_json, sync, write_json
from warehouse.versions import BUILD_AGAIN, FILE, manifest

log = logging.getLogger(__name__)


@contextmanager
def writer_lock(published: Path) -> Iterator[None]:
    """One writer at a time; readers need no lock."""
    with locked(published / ".lock"):
        _sweep(published)
        yield


@contextmanager
def new_version(published: Path) -> Iterator[Path]:
    """A folder in which to build, on the disk it will be published on; gone if it is not."""
    folder = published / f".building-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(
    building: Path, published: Path, night: date, about: dict[str, Any], is_newest: bool
) -> Path:
    """Makes the finished folder the version of that night, and `latest` where it is the newest.

    Raises PublishError where something stands in the way; the old version is live then.
    """
    log_file = building / f"{FILE}.wal"
    if log_file.exists():
        raise PublishError(f"{log_file} is there: the build did not close its file.")
    target = free_name(published, night)
    revision = 1 if target.name == f"{night}" else int(target.name.rpartition(".r")[2])
    write_json(building / "manifest.json", {**about, "revision": revision})
    file = building / FILE
    try:
        os.chmod(file, 0o444)
        sync(file)
        sync(building)
        move(building, target)
        if is_newest:
            _point(published, target.name)
    except OSError as error:
        if disk_fault(error):
            raise
        raise PublishError(
            f"{target} could not be put in place: {error}. The old version stays live."
        ) from error
    return target


def put_report(made: Path, published: Path, edition: str) -> Path:
    """Puts a finished report folder in the place of the edition's one; call with the lock held.

    Killed between its two renames, the old folder has no name that a reader looks for; whoever
    takes the lock next puts it back. The report of an earlier revision is kept as FY2022.r1.
    """
    target = published / "report" / edition
    target.parent.mkdir(exist_ok=True)
    for path in sorted(made.rglob("*")):
        sync(path)
    sync(made)
    if target.exists():
        os.rename(target, _aside(target))
    move(made, target)
    _settle_report(target)
    return target


def mend_pointer(published: Path, name: str) -> None:
    """Writes `latest.json` again where it does not say what `latest` does."""
    path = published / "latest.json"
    try:
        told = read_json(path, BUILD_AGAIN)
    except Damaged as error:
        log.warning("%s", error)
        told = None
    if told != _pointer(name):
        write_json(path, _pointer(name))


def _pointer(name: str) -> dict[str, str]:
    return {"folder": name, "file": f"{name}/{FILE}"}


def _point(published: Path, name: str) -> None:
    link = published / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    # For shares without symbolic links; written first, so that it never lags for long.
    write_json(published / "latest.json", _pointer(name))
    move(link, published / "latest")


def free_name(published: Path, night: date) -> Path:
    """Folder that the next version of that night will be; call with the writer's lock held."""
    target = published / f"{night}"
    revision = 1
    while target.exists():
        revision += 1
        target = published / f"{night}.r{revision}"
    return target


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.before")


def _settle_report(target: Path) -> None:
    """What becomes of a report that was put aside: put back where none took its place, kept under
    its revision where that is an earlier one, else removed."""
    aside = _aside(target)
    if not aside.exists():
        return
    if not target.exists():
        move(aside, target)
        log.warning("%s was cut short: what was there before is back", target)
        return
    if (aside / "manifest.json").is_file():
        was, now = (_frozen_revision(f) for f in (aside, target))
        kept = target.with_name(f"{target.name}.r{was}")
        if was and now and was < now and not kept.exists():
            move(aside, kept)
            return
    shutil.rmtree(aside, ignore_errors=True)


def _frozen_revision(report: Path) -> int | None:
    try:
        return manifest(report).get("frozen_revision")
    except Damaged as error:
        log.warning("%s", error)
        return None


def _sweep(published: Path) -> None:
    """What killed builds left behind; we hold the lock, so that none is at work."""
    for aside in (published / "report").glob(".*.before"):
        _settle_report(aside.with_name(aside.name[1:].removesuffix(".before")))
    for path in published.iterdir():
        if path.name.startswith(".building-"):
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.startswith(".latest-"):
            path.unlink()
        elif (path / "manifest.json").is_file() and not path.is_symlink():
            _quarantine_log(path)


def _quarantine_log(version: Path) -> None:
    """A published file has no log; DuckDB would read a stray one into what analysts see."""
    stray = version / f"{FILE}.wal"
    if stray.exists():
        log.error(
            "%s lay beside a published file: somebody opened it to write, or copied it "
            "there. It was put aside.",
            stray,
        )
        os.replace(stray, stray.with_name(f"{stray.name}.put-aside"))
