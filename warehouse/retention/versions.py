"""Which published versions may go.

A reader keeps the file that it has open, even when its name is gone; it could not open it again. So
the live version, young ones and open ones stay, and `latest` never points to what is deleted.
"""

import fcntl
import logging
import os
import re
import struct
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from transforms.errors import Damaged
from transforms.settings import Settings
from warehouse import publish
from warehouse import versions as published_versions
from warehouse.editions import frozen
from warehouse.retention.rules import RULES, Removed, bytes_of, is_older
from warehouse.versions import FILE

log = logging.getLogger(__name__)

NAME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.r(\d+))?")
DEBRIS = (".building-*", ".latest-*", "editions/discarded-*")
FLOCK = "hhqqi4x"  # struct flock of fcntl on 64-bit Linux


def sweep(settings: Settings, now: datetime, dry_run: bool) -> list[Removed]:
    """Deletes the versions that no rule keeps, and what killed builds left."""
    published = settings.published
    if not published.is_dir():
        return []
    debris = [
        Removed("scratch", f"published/{path.relative_to(published)}", bytes_of(path))
        for pattern in DEBRIS
        for path in sorted(published.glob(pattern))
        if is_older(path, RULES["scratch"].days(), now)
    ]
    if dry_run:
        return debris + [_removed(path) for path in _spare(settings, now)]
    with publish.writer_lock(published):  # which removes the debris
        removed = []
        for path in _spare(settings, now):
            told = _removed(path)
            publish.remove(path, published)
            removed.append(told)
    return debris + removed


def kept(settings: Settings, now: datetime) -> dict[Path, str]:
    """Every version that stays, with the first reason why."""
    published, rule = settings.published, RULES["versions"]
    known = _known(published)
    last = {night: path for night, _, path in known}  # the last revision of each night
    nights = sorted(last)
    by_age = sorted((path for *_, path in known), key=lambda p: p.stat().st_mtime)
    reasons: dict[Path, str] = {}

    def keep(paths: list[Path], reason: str) -> None:
        for path in paths:
            reasons.setdefault(path, reason)

    live = published_versions.latest(published)
    keep([live] if live else [], "live")
    keep([last[n] for n in nights[-rule.numbers["nights"] :]], "one of the last nights")
    keep(list({(n.year, n.month): last[n] for n in nights}.values()), "a month's end")
    keep(_of_editions(published, known), "published with a frozen edition")
    keep(by_age[-rule.numbers["newest"] :], "one of the newest")
    keep([p for p in by_age if not is_older(p, rule.days("grace_days"), now)], "young")
    opened = _open_files()
    keep([p for p in by_age if _is_open(p / FILE, opened)], "a reader has it open")
    return reasons


def _spare(settings: Settings, now: datetime) -> list[Path]:
    if published_versions.latest(settings.published) is None:
        if published_versions.every(settings.published):
            log.warning(
                "%s names no version, so no version was deleted: run `outlook build`, which "
                "mends it",
                settings.published / "latest",
            )
        return []
    stay = kept(settings, now)
    return [path for *_, path in _known(settings.published) if path not in stay]


def _known(published: Path) -> list[tuple[date, int, Path]]:
    """Versions by night and revision; a folder with another name is not ours to delete."""
    found = []
    for path in published_versions.every(published):
        if named := NAME.fullmatch(path.name):
            with suppress(ValueError):
                night = date.fromisoformat(named[1])
                found.append((night, int(named[2] or 1), path.resolve()))
    return sorted(found)


def _of_editions(published: Path, known: list[tuple[date, int, Path]]) -> list[Path]:
    """For each frozen revision the first version that shows it: the one published with it."""
    hashes = frozen.hashes(published)
    first: dict[str, Path] = {}
    for *_, path in known:
        with suppress(Damaged):
            shown = published_versions.manifest(path).get("editions", {})
            for name, digest in shown.items():
                if hashes.get(name) == digest:
                    first.setdefault(name, path)
    return list(first.values())


def _open_files() -> set[tuple[int, int]]:
    """Device and inode of every file that a visible process has open."""
    opened = set()
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # the process ended, or is not ours to look into
            found = os.stat(handle)
            opened.add((found.st_dev, found.st_ino))
    return opened


def _is_open(file: Path, opened: set[tuple[int, int]]) -> bool:
    """Whether a process has the file open. DuckDB locks what it reads, which shows readers in other
    containers too; other programs show only among the visible processes."""
    try:
        handle = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    try:
        about = os.fstat(handle)
        asked = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        told = struct.unpack(FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, asked))
    finally:
        os.close(handle)
    return told[0] != fcntl.F_UNLCK or (about.st_dev, about.st_ino) in opened


def _removed(path: Path) -> Removed:
    return Removed("versions", f"published/{path.name}", bytes_of(path))
