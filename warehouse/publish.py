"""Publishing: renames put a finished version in place, so readers see the old or the new one.

`published/<export_date>/outlook.duckdb` never changes; a night published again becomes
`<export_date>.r2`.
"""

import logging
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from transforms.errors import Damaged, PublishError
from transforms.lease import Lock, final_step, leased, own_folder, sweep
from transforms.storage import disk_fault, move, read_json, sync, write_json
from warehouse.versions import BUILD_AGAIN, FILE, manifest, revision_of

log = logging.getLogger(__name__)

PROVISIONAL = "provisional"  # what the last report of an edition before it was frozen is kept as


@contextmanager
def writer_lock(published: Path) -> Iterator[None]:
    """One writer at a time; readers need no lock."""
    with leased(lock(published)):
        _sweep(published)
        yield


def lock(published: Path) -> Path:
    """The file of the writers' lock."""
    return published / ".lock"


@contextmanager
def new_version(published: Path) -> Iterator[Path]:
    """A folder to build in, on the disk of `published`; removed unless it is published."""
    outer = published / f".building-{uuid.uuid4().hex[:8]}"
    with own_folder(outer, lock(published)):
        folder = outer / "new"
        folder.mkdir()
        yield folder


def put_in_place(
    building: Path,
    published: Path,
    night: date,
    about: dict[str, Any],
    is_newest: bool,
    locks: Iterable[Lock] = (),
) -> Path:
    """Makes the finished folder the version of that night, and `latest` if it is the newest.

    Raises PublishError if that fails, TakenOver if the writers' lock or one of `locks` was lost;
    the old version then stays live.
    """
    log_file = building / f"{FILE}.wal"
    if log_file.exists():
        raise PublishError(
            f"{log_file} exists, so the build did not close its file. Nothing was published; the "
            "old version stays live."
        )
    target = free_name(published, night)
    write_json(building / "manifest.json", {**about, "revision": revision_of(target.name)})
    file = building / FILE
    try:
        os.chmod(file, 0o444)
        sync(file)
        sync(building)
        with final_step(lock(published), *locks):
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


def remove(version: Path, published: Path) -> None:
    """Deletes a version; call with the lock held. Killed half way, the next writer finishes it."""
    aside = published / f".building-{uuid.uuid4().hex[:8]}"
    with final_step(lock(published)):
        os.rename(version, aside)
        sync(published)
    shutil.rmtree(aside, ignore_errors=True)


def put_report(made: Path, published: Path, edition: str) -> Path:
    """Replaces the edition's report folder with a finished one; call with the lock held.

    If the process is killed between the two renames, readers find no report; the next process to
    take the lock puts the old one back. When an edition is frozen, or frozen again, the report
    before is kept as FY2022.provisional or FY2022.r1.
    """
    target = published / "report" / edition
    target.parent.mkdir(exist_ok=True)
    for path in sorted(made.rglob("*")):
        sync(path)
    sync(made)
    with final_step(lock(published)):
        if target.exists():
            os.rename(target, _aside(target))
        move(made, target)
        _settle_report(target)
    return target


def mend_pointer(published: Path, name: str) -> None:
    """Rewrites `latest.json` if it does not agree with `latest`."""
    path = published / "latest.json"
    try:
        told = read_json(path, BUILD_AGAIN)
    except Damaged as error:
        log.warning("%s", error)
        told = None
    if told != _pointer(name):
        with final_step(lock(published)):
            write_json(path, _pointer(name))


def _pointer(name: str) -> dict[str, str]:
    return {"folder": name, "file": f"{name}/{FILE}"}


def _point(published: Path, name: str) -> None:
    link = published / f".latest-{uuid.uuid4().hex[:8]}"
    link.symlink_to(name)
    # For shares without symbolic links; written first, so that it never lags for long.
    write_json(published / "latest.json", _pointer(name))
    move(link, published / "latest")


def free_name(published: Path, night: date) -> Path:
    """Folder for the next version of that night; call with the writer's lock held."""
    target = published / f"{night}"
    revision = 1
    while target.exists():
        revision += 1
        target = published / f"{night}.r{revision}"
    return target


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.before")


def _settle_report(target: Path) -> None:
    """Settles a report that was set aside: puts it back if none replaced it, keeps it if it is of
    an earlier state of the edition, and removes it otherwise."""
    aside = _aside(target)
    if not aside.exists():
        return
    if not target.exists():
        move(aside, target)
        log.warning("%s: the last run was interrupted; the earlier report is back", target)
        return
    if (aside / "manifest.json").is_file():
        was, now = (_frozen_revision(f) for f in (aside, target))
        kept = target.with_name(f"{target.name}.{f'r{was}' if was else PROVISIONAL}")
        if now and (was or 0) < now and not kept.exists():
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
    """Removes what killed builds left; call with the lock held."""
    sweep(published.glob(".building-*"), lock(published))
    with final_step(lock(published)):
        for aside in (published / "report").glob(".*.before"):
            _settle_report(aside.with_name(aside.name[1:].removesuffix(".before")))
        for half_written in (published / "briefs").glob("*/.*.tmp"):
            half_written.unlink()
        for path in published.iterdir():
            if path.name.startswith((".latest-", ".latest.json.")):
                path.unlink()
            elif (path / "manifest.json").is_file() and not path.is_symlink():
                _quarantine_log(path)


def _quarantine_log(version: Path) -> None:
    """Sets a stray .wal file aside: DuckDB would apply it to the file that analysts open."""
    stray = version / f"{FILE}.wal"
    if stray.exists():
        log.error(
            "%s was next to a published file: somebody opened that file for writing or copied "
            "the .wal there. It was renamed to .put-aside.",
            stray,
        )
        os.replace(stray, stray.with_name(f"{stray.name}.put-aside"))
