"""A night's deliveries, and which of them counts.

`$OUTLOOK_EXPORTS/YYYY-MM-DD/` holds a night's delivery, `YYYY-MM-DD.r2/` a second one for the same
night. The delivery exported last counts, in whatever order they are loaded.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol, TypeVar

from upath import UPath

from transforms import DATASETS
from transforms.deliveries.manifest import (
    Manifest,
    Stretch,
    is_plain,
    read_calendar,
    read_manifest,
    short,
)
from transforms.errors import SettingsError
from transforms.visible import visible

log = logging.getLogger(__name__)

SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".xlsx", ".xls", ".parquet")
PACKED = (".gz", ".zip", ".zst")
MANIFEST = "manifest.json"
CALENDAR = "calendar.json"

REVISIONS_BEYOND = 4


class Delivered(Protocol):
    """Sort key that tells which of two deliveries of a night is later."""

    @property
    def revision(self) -> int: ...

    @property
    def exported_at(self) -> datetime | None: ...


D = TypeVar("D", bound=Delivered)


@dataclass(frozen=True)
class ExportFile:
    """A file of a delivery; `promised` is the manifest entry that it must match.

    `problem` says why the file cannot be used.
    """

    path: UPath
    name: str
    dataset: str | None
    promised: dict[str, Any] | None
    problem: str | None = None


@dataclass(frozen=True)
class Delivery:
    """One delivery of one night. `absent` names files that the manifest lists but are missing;
    `problem` says why the manifest cannot be read."""

    export_date: date
    revision: int
    exported_at: datetime | None
    files: tuple[ExportFile, ...]
    absent: tuple[str, ...]
    problem: str | None = None

    def of(self, dataset: str) -> tuple[ExportFile, ...]:
        return tuple(f for f in self.files if f.dataset == dataset)

    def problems_of(self, dataset: str) -> list[str]:
        """Why nothing of a dataset can be taken from here. What no name and no manifest places
        may be of any dataset that has no file of its own."""
        files = self.of(dataset) or tuple(f for f in self.files if f.dataset is None)
        found = [self.problem] if self.problem and (files or not self.files) else []
        return found + [f.problem for f in files if f.problem]


def deliveries(exports: UPath, night: date) -> list[Delivery]:
    """Every delivery of that night, first revision first; empty if there is none."""
    # Try revisions one by one, so that a folder of many years need not be listed for one night.
    # Look a few beyond a gap, since a later one may arrive first.
    found: list[Delivery] = []
    revision = 0
    while revision < REVISIONS_BEYOND + (found[-1].revision if found else 0):
        revision += 1
        folder = exports / (f"{night}" if revision == 1 else f"{night}.r{revision}")
        if folder.is_dir():
            found.append(_delivery(folder, night, revision))
    return found


def in_order(of: Sequence[D]) -> list[D]:
    """The delivery (or receipt) that counts: the one exported last, else the highest revision.

    On a tie, the one given first.
    """
    if all(d.exported_at for d in of):
        return sorted(of, key=lambda d: (d.exported_at, d.revision), reverse=True)
    return sorted(of, key=lambda d: d.revision, reverse=True)


def landed(exports: UPath, dataset: str, night: date) -> bool:
    """Whether the night's export of this dataset has been delivered, in full if a manifest says."""
    of = [
        d
        for d in deliveries(exports, night)
        if d.of(dataset) or d.problems_of(dataset) or _promises(d, dataset)
    ]
    return bool(of) and not any(_promises(d, dataset) for d in of)


def _promises(delivery: Delivery, dataset: str) -> bool:
    return bool(absent_of(delivery, dataset))


def absent_of(delivery: Delivery, dataset: str) -> list[str]:
    """Files of the manifest that are missing and may hold this dataset."""
    return [n for n in delivery.absent if name_dataset(n) in (dataset, None)]


def name_dataset(name: str) -> str | None:
    """The dataset that a file name begins with, if any."""
    return next((d for d in DATASETS if name.casefold().startswith(d)), None)


def is_export(name: str) -> bool:
    low = name.casefold()
    for packed in PACKED:
        low = low.removesuffix(packed)
    return low.endswith(SUFFIXES)


def due_nights(exports: UPath, first: date, last: date) -> list[date]:
    """Nights of the range on which a delivery is due: every night, unless `calendar.json` next to
    the deliveries says that a period was delivered weekly or monthly."""
    nights = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    stretches = _calendar(exports)
    return [n for n in nights if _due(n, stretches)]


def days_covered(exports: UPath, night: date) -> int:
    """Days since the previous night on which a delivery was due: what an inquiry export covers."""
    earlier = due_nights(exports, night - timedelta(days=31), night - timedelta(days=1))
    return (night - earlier[-1]).days if earlier else 31


def _due(night: date, stretches: tuple[Stretch, ...]) -> bool:
    """Between two periods of a calendar nothing is due; outside the calendar, every night is."""
    if not stretches or not stretches[0][0] <= night <= max(s[1] for s in stretches):
        return True
    cadences = {every for start, end, every in stretches if start <= night <= end}
    return (
        "night" in cadences
        or ("week" in cadences and night.isoweekday() == 7)
        or ("month" in cadences and (night + timedelta(days=1)).day == 1)
    )


def _calendar(exports: UPath) -> tuple[Stretch, ...]:
    path = exports / CALENDAR
    if not path.exists():
        return ()
    try:
        return read_calendar(path)
    except ValueError as error:
        raise SettingsError(
            f"{path} cannot be read: {error}. It says which nights were due, so nothing was done: "
            "correct it, or delete it if every night is due."
        ) from error


def _delivery(folder: UPath, night: date, revision: int) -> Delivery:
    problem, manifest = None, Manifest(None, {})
    try:
        path = folder / MANIFEST
        if path.exists() or path.is_symlink():
            _stays_within(folder, path)
            manifest = read_manifest(path)
    except ValueError as error:
        problem = f"{folder.name}/{MANIFEST} cannot be read: {error}"
    there = sorted(folder.iterdir(), key=lambda p: p.name)
    return Delivery(
        export_date=night,
        revision=revision,
        exported_at=manifest.exported_at,
        files=tuple(_files(folder, there, manifest.files)),
        absent=tuple(sorted(set(manifest.files) - {p.name for p in there})),
        problem=problem,
    )


def _files(
    folder: UPath, there: list[UPath], promised: dict[str, dict[str, Any]]
) -> Iterator[ExportFile]:
    for path in there:
        entry = promised.get(path.name)
        stated = entry.get("dataset") if entry else None
        if path.name == MANIFEST:
            continue
        if not is_export(path.name) and not stated:
            log.info("%s: %s is not an export and was ignored", folder.name, visible(path.name))
            continue
        dataset = stated if stated in DATASETS else name_dataset(path.name)
        problem = _problem(folder, path, stated)
        yield ExportFile(path, visible(path.name), dataset, entry, problem)


def _problem(folder: UPath, path: UPath, stated: str | None) -> str | None:
    """Why a file cannot be used, if it cannot."""
    name = f"{folder.name}/{visible(path.name)}"
    if not is_plain(path.name):
        return f"{name} has a name that is not UTF-8, or holds control characters: rename it"
    if stated not in (None, *DATASETS):
        return (
            f"the manifest says that {name} is of {short(stated)}, not one of {', '.join(DATASETS)}"
        )
    if not is_export(path.name):
        return f"{name} has an unsupported ending: see `outlook inspect`"
    try:
        _stays_within(folder, path)
    except ValueError as error:
        return f"{name} cannot be used: {error}"
    if not path.is_file():
        return f"{name} is not a file but a folder, a pipe or a broken link"
    return None


def _stays_within(folder: UPath, path: UPath) -> None:
    """Raises ValueError for a link out of the delivery: its target was not delivered."""
    if path.protocol in ("", "file", "local"):
        home, real = os.path.realpath(folder.path), os.path.realpath(path.path)
        if os.path.dirname(real) != home:
            raise ValueError("it is a link to a file outside its folder")
