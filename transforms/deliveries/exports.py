"""A night's deliveries, and which of them counts.

`$OUTLOOK_EXPORTS/YYYY-MM-DD/` holds a night's delivery, `YYYY-MM-DD.r2/` a second one for the same
night. The delivery exported last counts, in whatever order they are loaded.
"""

import logging
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, TypeVar

from transforms import DATASETS
from transforms.deliveries.manifest import (
    LARGEST,
    Manifest,
    Stretch,
    is_plain,
    read_calendar,
    read_manifest,
    short,
)
from transforms.errors import SettingsError
from transforms.lease import allowed
from transforms.place import Place
from transforms.sources import Source
from transforms.sources.local import Local
from transforms.sources.source import Entry, read_small
from transforms.visible import visible

log = logging.getLogger(__name__)

SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl", ".xlsx", ".xls", ".parquet")
# Of data in forms that are not read: a file named after a dataset is then no stranger.
NOT_READ = (
    *(".xlsm", ".xlsb", ".ods", ".numbers", ".xml", ".html", ".htm", ".pdf", ".avro", ".orc"),
    *(".feather", ".arrow", ".sqlite", ".db", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz"),
)
PACKED = (".gz", ".zip", ".zst")
MANIFEST = "manifest.json"
CALENDAR = "calendar.json"
BESIDE = PurePosixPath("beside")  # in the lake: a copy of what lies beside the nights
SAMPLE = "sample.json"  # beside generated deliveries: how they were made
# Files that say that a delivery is whole, and the ending of those that say so of one file.
DONE = ("_SUCCESS", ".done")
DONE_ENDING = ".done"
# What an upload is called until it is finished: nobody's.
UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload")
FOLDER = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.r([2-9]|[1-9]\d+))?")


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

    `path` is within the source, `entry` what the source says of the file. `problem` says why the
    file cannot be used.
    """

    source: Source
    path: str
    name: str
    dataset: str | None
    promised: dict[str, Any] | None
    entry: Entry
    problem: str | None = None


@dataclass(frozen=True)
class Delivery:
    """One delivery of one night. `absent` names files that the manifest lists but are missing;
    `problem` says why the manifest cannot be read. `manifest` is its file as listed, `done` the
    markers beside it, and `now` the source's own clock."""

    export_date: date
    revision: int
    exported_at: datetime | None
    files: tuple[ExportFile, ...]
    absent: tuple[str, ...]
    problem: str | None = None
    folder: str = ""
    manifest: Entry | None = None
    done: frozenset[str] = frozenset()
    now: datetime | None = None

    def of(self, dataset: str) -> tuple[ExportFile, ...]:
        return tuple(f for f in self.files if f.dataset == dataset)

    def problems_of(self, dataset: str) -> list[str]:
        """Why nothing of a dataset can be taken from here. What no name and no manifest places
        may be of any dataset that has no file of its own."""
        files = self.of(dataset) or tuple(f for f in self.files if f.dataset is None)
        found = [self.problem] if self.problem and (files or not self.files) else []
        return found + [f.problem for f in files if f.problem]


def deliveries(exports: Source, night: date) -> list[Delivery]:
    """Every delivery of that night, first revision first; empty if there is none.

    Raises SourceUnreachable unless the source answers and lists.
    """
    return deliveries_of(exports, [night])[night]


def deliveries_of(exports: Source, nights: Iterable[date]) -> dict[date, list[Delivery]]:
    """The deliveries of several nights, for which the root is listed once."""
    found: dict[date, list[Delivery]] = {night: [] for night in nights}
    if not found:
        return found
    for name in exports.folders([f"{night}" for night in found]):
        fit = FOLDER.fullmatch(name)
        night = _night_of(fit[1]) if fit else None
        if fit and night in found:
            made = _delivery(exports, name, night, int(fit[2] or 1))
            found[night] += [made] if made else []
    for of in found.values():
        of.sort(key=lambda d: d.revision)
    return found


def newest(exports: Source, count: int) -> list[str]:
    """The last folders of nights that the source lists, newest first."""
    nights = [name for name in exports.folders([]) if FOLDER.fullmatch(name)]
    return sorted(nights, reverse=True)[:count]


def _night_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def in_order(of: Sequence[D]) -> list[D]:
    """The delivery (or receipt) that counts: the one exported last, else the highest revision.

    On a tie, the one given first.
    """
    if all(d.exported_at for d in of):
        return sorted(of, key=lambda d: (d.exported_at, d.revision), reverse=True)
    return sorted(of, key=lambda d: d.revision, reverse=True)


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


def due_nights(exports: Source, first: date, last: date) -> list[date]:
    """Nights of the range on which a delivery is due: every night, unless `calendar.json` next to
    the deliveries says that a period was delivered weekly or monthly."""
    nights = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    stretches = _calendar(exports)
    return [n for n in nights if _due(n, stretches)]


def days_covered(exports: Source, nights: Sequence[date]) -> dict[date, int]:
    """Days since the previous night on which a delivery was due, 31 at most: what an inquiry export
    covers."""
    most = timedelta(days=31)
    due = due_nights(exports, min(nights) - most, max(nights)) if nights else []
    before = {night: due[bisect_left(due, night) - 1 :][:1] for night in nights}
    return {n: min(n - d[0], most).days if d and d[0] < n else most.days for n, d in before.items()}


def beside(exports: Source, name: str) -> bytes | None:
    """A small file that lies beside the nights; None if there is none. Raises ValueError."""
    there = exports.look(name)
    return None if there is None else _text(exports, name, there)


def keep_beside(exports: Source, place: Place) -> None:
    """Copies what lies beside the nights of a source into the lake. Call it once the source has
    listed its root: until then, absent may mean that it is not there itself.

    Raises SettingsError if what lies there is not a file of its kind.
    """
    if isinstance(exports, Local) and not exports.holds_anything():
        return
    for name in (CALENDAR, SAMPLE):
        try:
            kept, text = BESIDE / name, beside(exports, name)
        except ValueError as error:
            raise _unusable_beside(exports, name, error) from error
        with allowed(Path(place.shown(BESIDE))):
            known = place.read(kept)
            if text is None and known is not None:
                place.delete(kept)
            elif text is not None and known != text:
                place.write(kept, text)


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


def _calendar(exports: Source) -> tuple[Stretch, ...]:
    try:
        text = beside(exports, CALENDAR)
        return () if text is None else read_calendar(text)
    except ValueError as error:
        raise _unusable_beside(exports, CALENDAR, error) from error


def _unusable_beside(exports: Source, name: str, error: ValueError) -> SettingsError:
    if name != CALENDAR:
        return SettingsError(
            f"{exports}/{name} cannot be read: {error}. Nothing was done: delete it, or what "
            "stands in its place."
        )
    return SettingsError(
        f"{exports}/{CALENDAR} cannot be read: {error}. It says which nights were due, so nothing "
        "was done: correct it, or delete it if every night is due."
    )


def _text(exports: Source, path: str, entry: Entry) -> bytes:
    """The bytes of a small file. Raises ValueError if it is not one."""
    if entry.problem:
        raise ValueError(entry.problem)
    return read_small(exports, path, LARGEST)


def _delivery(exports: Source, folder: str, night: date, revision: int) -> Delivery | None:
    listing = exports.files(folder)
    if listing is None:
        return None
    there = {entry.name: entry for entry in listing.entries}
    problem, manifest = None, Manifest(None, {})
    try:
        if MANIFEST in there:
            manifest = read_manifest(_text(exports, f"{folder}/{MANIFEST}", there[MANIFEST]))
    except ValueError as error:
        problem = f"{folder}/{MANIFEST} cannot be read: {error}"
    return Delivery(
        export_date=night,
        revision=revision,
        exported_at=manifest.exported_at,
        files=tuple(_files(exports, folder, there, manifest.files)),
        absent=tuple(sorted(set(manifest.files) - set(there))),
        problem=problem,
        folder=folder,
        manifest=there.get(MANIFEST),
        done=frozenset(n for n in there if n in DONE or n.endswith(DONE_ENDING)),
        now=listing.now,
    )


def _files(
    exports: Source, folder: str, there: dict[str, Entry], promised: dict[str, dict[str, Any]]
) -> Iterator[ExportFile]:
    have = {name_dataset(name) for name in there if is_export(name) and not _is_nobodys(name)}
    for name, entry in sorted(there.items()):
        told = promised.get(name)
        stated = told.get("dataset") if told else None
        if name == MANIFEST or (told is None and _is_nobodys(name)):
            continue
        is_only_one = name_dataset(name) not in (None, *have)
        is_data = is_export(name) or (is_only_one and name.casefold().endswith(NOT_READ))
        if not is_data and not stated:
            log.info("%s: %s is not an export and was ignored", folder, visible(name))
            continue
        dataset = stated if stated in DATASETS else name_dataset(name)
        problem = _problem(folder, entry, stated)
        path = f"{folder}/{name}"
        yield ExportFile(exports, path, visible(name), dataset, told, entry, problem)


def _is_nobodys(name: str) -> bool:
    """Whether a name is that of an unfinished upload, a hidden file or a marker."""
    low = name.casefold()
    return low.startswith(".") or low.endswith((*UNFINISHED, DONE_ENDING)) or name in DONE


def _problem(folder: str, entry: Entry, stated: str | None) -> str | None:
    """Why a file cannot be used, if it cannot."""
    name = f"{folder}/{visible(entry.name)}"
    if not is_plain(entry.name):
        return f"{name} has a name that is not UTF-8, or holds control characters: rename it"
    if stated not in (None, *DATASETS):
        return (
            f"the manifest says that {name} is of {short(stated)}, not one of {', '.join(DATASETS)}"
        )
    if not is_export(entry.name):
        return f"{name} has an unsupported ending: see `outlook inspect`"
    return f"{name} cannot be used: {entry.problem}" if entry.problem else None
