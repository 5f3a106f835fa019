"""Where exports come from: a night's deliveries, and which of them counts.

`$OUTLOOK_EXPORTS/YYYY-MM-DD/` holds a night's delivery, `YYYY-MM-DD.r2/` another one of the same
night. The delivery exported last wins, in whatever order they are loaded.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from upath import UPath

from transforms import DATASETS

log = logging.getLogger(__name__)

SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".xlsx", ".xls", ".parquet")
PACKED = (".gz", ".zip", ".zst")
MANIFEST = "manifest.json"

REVISIONS_BEYOND = 4


@dataclass(frozen=True)
class ExportFile:
    """A file of a delivery; `promised` is its manifest entry, which it must meet."""

    path: UPath
    name: str
    dataset: str | None
    promised: dict[str, Any] | None


@dataclass(frozen=True)
class Delivery:
    """One delivery of one night. `absent` names files that the manifest promises in vain;
    `problem` says why its manifest cannot be read."""

    export_date: date
    revision: int
    exported_at: datetime | None
    files: tuple[ExportFile, ...]
    absent: tuple[str, ...]
    problem: str | None = None

    def of(self, dataset: str) -> tuple[ExportFile, ...]:
        return tuple(f for f in self.files if f.dataset == dataset)


def deliveries(exports: UPath, night: date) -> list[Delivery]:
    """Every delivery of that night, first revision first; empty where none is there."""
    # Revisions are counted up, so that the folder of years need not be listed for one night; a
    # few are looked for beyond a gap, for a later one may arrive first.
    found: list[Delivery] = []
    revision = 0
    while revision < REVISIONS_BEYOND + (found[-1].revision if found else 0):
        revision += 1
        folder = exports / (f"{night}" if revision == 1 else f"{night}.r{revision}")
        if folder.is_dir():
            found.append(_delivery(folder, night, revision))
    return found


def in_order(of: list[Delivery]) -> list[Delivery]:
    """The delivery that counts first: exported last, else of the highest revision."""
    if all(d.exported_at for d in of):
        return sorted(of, key=lambda d: (d.exported_at, d.revision), reverse=True)
    return sorted(of, key=lambda d: d.revision, reverse=True)


def landed(exports: UPath, dataset: str, night: date) -> bool:
    """Whether the night's export of this dataset is there, whole as far as a manifest tells."""
    of = [d for d in deliveries(exports, night) if d.of(dataset) or _promises(d, dataset)]
    return bool(of) and not any(_promises(d, dataset) for d in of)


def _promises(delivery: Delivery, dataset: str) -> bool:
    return bool(absent_of(delivery, dataset))


def absent_of(delivery: Delivery, dataset: str) -> list[str]:
    """Promised files that are not there and may hold this dataset."""
    return [n for n in delivery.absent if name_dataset(n) in (dataset, None)]


def name_dataset(name: str) -> str | None:
    """The dataset that a file name begins with, if it does."""
    return next((d for d in DATASETS if name.casefold().startswith(d)), None)


def is_export(name: str) -> bool:
    low = name.casefold()
    for packed in PACKED:
        low = low.removesuffix(packed)
    return low.endswith(SUFFIXES)


def due_nights(exports: UPath, first: date, last: date) -> list[date]:
    """Nights of the range on which a delivery is due: every night, unless `calendar.json` beside
    the deliveries says that a stretch was delivered by the week or by the month."""
    nights = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    stretches = _calendar(exports)
    return [n for n in nights if _due(n, stretches)]


def days_covered(exports: UPath, night: date) -> int:
    """Days since the night before on which a delivery was due: what an inquiry export covers."""
    earlier = due_nights(exports, night - timedelta(days=31), night - timedelta(days=1))
    return (night - earlier[-1]).days if earlier else 31


def _due(night: date, stretches: tuple[tuple[date, date, str], ...]) -> bool:
    """Between two stretches of a calendar nothing is due; outside it, every night is."""
    if not stretches or not stretches[0][0] <= night <= max(s[1] for s in stretches):
        return True
    cadences = {every for start, end, every in stretches if start <= night <= end}
    return (
        "night" in cadences
        or ("week" in cadences and night.isoweekday() == 7)
        or ("month" in cadences and (night + timedelta(days=1)).day == 1)
    )


def _calendar(exports: UPath) -> tuple[tuple[date, date, str], ...]:
    path = exports / "calendar.json"
    if not path.is_file():
        return ()
    day = date.fromisoformat
    rows = json.loads(path.read_text("utf-8"))
    return tuple(sorted((day(r["from"]), day(r["to"]), r["every"]) for r in rows))


def _delivery(folder: UPath, night: date, revision: int) -> Delivery:
    problem = None
    try:
        manifest = _manifest(folder)
    except (ValueError, AttributeError, TypeError) as error:
        manifest, problem = {}, f"{folder.name}/{MANIFEST} cannot be read: {error}"
    promised = {f["name"]: f for f in manifest.get("files", ())}
    files = tuple(_files(folder, promised))
    stamp = manifest.get("exported_at")
    return Delivery(
        export_date=night,
        revision=revision,
        exported_at=_in_utc(stamp) if stamp else None,
        files=files,
        absent=tuple(sorted(set(promised) - {f.name for f in files})),
        problem=problem,
    )


def _files(folder: UPath, promised: dict[str, Any]) -> Iterator[ExportFile]:
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        name = path.name
        if name == MANIFEST:
            continue
        if not is_export(name) or not path.is_file():
            log.info("%s: %s is no export and was left alone", folder.name, name)
            continue
        entry = promised.get(name)
        dataset = entry.get("dataset") if entry else None
        yield ExportFile(path, name, dataset or name_dataset(name), entry)


def _manifest(folder: UPath) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    manifest = json.loads(path.read_text("utf-8"))
    if not isinstance(manifest, dict):
        raise ValueError("it is no object")
    files = manifest.get("files", [])
    if not isinstance(files, list) or not all(isinstance(f.get("name"), str) for f in files):
        raise ValueError("files must be a list of objects with a name")
    for entry in files:
        if not all(isinstance(entry.get(n), int | None) for n in ("bytes", "rows")):
            raise ValueError(f"bytes and rows of {entry['name']} must be whole numbers")
    if manifest.get("exported_at"):
        _in_utc(manifest["exported_at"])
    return manifest


def _in_utc(stamp: str) -> datetime:
    """An instant of a manifest; one without a zone is UTC, whatever the zone of this machine."""
    at = datetime.fromisoformat(stamp)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
