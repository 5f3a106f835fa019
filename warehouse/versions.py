"""Published versions: which exist, which is live, and whether each is unchanged.

`published/<export_date>/outlook.duckdb` never changes; a night published again becomes
`<export_date>.r2`, and `latest` points to the live version.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from transforms import DATASETS
from transforms.errors import Damaged, ExportMissing
from transforms.lake import Lake
from transforms.storage import damage, read_json, sha256

FILE = "outlook.duckdb"
A_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(?:\.r\d+)?")
BUILD_AGAIN = "run `outlook build` to make a new version from the lake"
REMOVE = "restore that folder from a backup, or delete it"
HEADLINE = """
    SELECT edition, metric, value, as_of, symbol
    FROM report.headline
    WHERE year_basis = 'fiscal'
      AND period_to = (SELECT max(period_to) FROM report.headline WHERE year_basis = 'fiscal')
"""


def latest(published: Path) -> Path | None:
    """Folder of the live version, if there is one."""
    link = published / "latest"
    is_version = link.is_symlink() and link.is_dir() and A_VERSION.fullmatch(link.resolve().name)
    return link.resolve() if is_version else None


def live(published: Path) -> Path | None:
    """Folder of the live version, if there is one; raises Damaged if it fails its manifest."""
    if problem := fault(published):
        raise Damaged(problem)
    return latest(published)


def live_or_fault(published: Path) -> tuple[Path | None, str | None]:
    """The live version or its fault; neither if nothing is published."""
    problem = fault(published)
    return (None, problem) if problem else (latest(published), None)


def headline(version: Path) -> list[dict[str, Any]]:
    """Headline figures of the newest fiscal edition in that version."""
    with duckdb.connect(str(version / FILE), read_only=True) as db:
        rows = db.execute(HEADLINE)
        names = [d[0] for d in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def night_of(version: Path) -> date:
    """The export date of a version, by its name: its manifest may be damaged."""
    return date.fromisoformat(version.name[:10])


def revision_of(name: str) -> int:
    """How often that night had been published with this version, by its name."""
    return int(name.partition(".r")[2] or 1)


def night_to_show(
    published: Path, lake: Lake, asked: date | None = None, incomplete: bool = False
) -> date | None:
    """The newest night that a new version shows; None if no night can be shown.

    The newest complete night, or the night asked for if it is complete and not older than the live
    version. With `incomplete`, exports of one dataset are enough; a version made so stays live
    until a newer night is complete.
    """
    current = latest(published)
    shown = night_of(current) if current else None
    any_night = _newest(lake, lambda night: True) if incomplete else None
    if asked and (shown is None or asked >= shown):
        if lake.is_complete(asked) or (incomplete and lake.usable(asked)):
            return asked
    elif incomplete and not asked:
        return any_night
    complete = _newest(lake, lake.is_complete)
    if current and shown and lake.usable(shown) and _stands(current, lake):
        return max(shown, complete or shown)
    return complete or any_night


def supersedes(night: date, current: Path | None, lake: Lake) -> bool:
    """Whether a new version of that night becomes the live one.

    A newer night does. So does an older one, if the live version's night is no longer complete.
    """
    return current is None or night >= night_of(current) or not _stands(current, lake)


def _stands(version: Path, lake: Lake) -> bool:
    """Whether a version's night may stay live: it is complete, or somebody published it although
    it was not, and some of it still counts. True for a night that the lake does not know."""
    night = night_of(version)
    if not any(lake.receipt(d, night) for d in DATASETS) or lake.is_complete(night):
        return True
    with suppress(Damaged):
        return not manifest(version).get("is_complete", True) and bool(lake.usable(night))
    return False


def _newest(lake: Lake, fits: Callable[[date], bool]) -> date | None:
    """The newest night with a usable export that fits."""
    nights = {r.export_date for d in DATASETS for r in lake.receipts(d) if r.is_usable}
    return next((n for n in sorted(nights, reverse=True) if fits(n)), None)


def fault(published: Path) -> str | None:
    """What is wrong with the live version, or None; a build repairs it."""
    link = published / "latest"
    folder = latest(published)
    try:
        if folder is not None:
            verified(folder)
        elif link.is_symlink() and not link.exists():
            raise Damaged(damage(f"{link} points to a folder that does not exist", BUILD_AGAIN))
        elif link.exists():
            # A build replaces a link, but not a folder.
            remedy = BUILD_AGAIN if link.is_symlink() else f"move it away, then {BUILD_AGAIN}"
            raise Damaged(damage(f"{link} is not a link to a version", remedy))
        elif next(published.glob("????-??-??*/manifest.json"), None):
            raise Damaged(damage(f"{link} is gone", BUILD_AGAIN))
    except Damaged as error:
        return str(error)
    return None


def verified(folder: Path) -> dict[str, Any]:
    """Manifest of a version. Raises Damaged if its file has changed since it was published."""
    about, file = manifest(folder), folder / FILE
    if not file.is_file():
        raise Damaged(damage(f"{file} is gone", _remedy(folder)))
    if about.get("sha256") != sha256(file):
        what = f"{file} is not what was published, as {folder / 'manifest.json'} has it"
        raise Damaged(damage(what, _remedy(folder)))
    return about


def manifest(folder: Path, remedy: str | None = None) -> dict[str, Any]:
    """Manifest of a published folder. Raises Damaged, with the repair."""
    path = folder / "manifest.json"
    found = read_json(path, remedy or _remedy(folder))
    if found is None:
        raise Damaged(damage(f"{path} is gone", remedy or _remedy(folder)))
    return found


def every(published: Path) -> list[Path]:
    """Folders of all versions, oldest night first."""
    folders = published.glob("????-??-??*")
    return sorted(p for p in folders if p.is_dir() and not p.is_symlink())


def editions_shown(published: Path) -> dict[str, str]:
    """Hashes of the frozen editions in all versions with a readable manifest."""
    shown: dict[str, str] = {}
    for folder in every(published):
        with suppress(Damaged):
            shown |= manifest(folder).get("editions", {})
    return shown


def known_on(published: Path, as_of: date | None) -> Path:
    """Folder of the live version, or of the newest one without data after `as_of`.

    Raises ExportMissing if there is none, Damaged if it has changed since it was published.
    """
    current = live(published) if as_of is None else None
    if current:
        return current
    known, others = [], []
    for path in every(published):
        if (path / "manifest.json").is_file():
            about = manifest(path)
            if as_of and date.fromisoformat(about["export_date"]) <= as_of:
                known.append((about["export_date"], about["revision"], path))
            else:
                others.append(about["export_date"])
    if not known and others:
        raise ExportMissing(
            f"Every version has data after {as_of}: the oldest has data to {min(others)}."
        )
    if not known:
        raise ExportMissing("Nothing is published: run `outlook build`.")
    verified(max(known)[2])
    return max(known)[2]


def _remedy(folder: Path) -> str:
    return BUILD_AGAIN if latest(folder.parent) == folder.resolve() else REMOVE
