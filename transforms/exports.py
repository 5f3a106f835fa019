"""Where exports come from: a night's deliveries, and which of them counts.

`$OUTLOOK_EXPORTS/YYYY-MM-DD/` holds a night's delivery, `YYYY-MM-DD.r2/` another one of the same
night. The delivery exported last wins, in whatever order they are loaded.
"""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from upath import UPath

from transforms import DATASETS
from transforms.errors import ExportError

log = logging.getLogger(__name__)

SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".xlsx", ".xls", ".parquet")
PACKED = (".gz", ".zip", ".zst")
MANIFEST = "manifest.json"

_FOLDER = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.r(\d+))?")


@dataclass(frozen=True)
class ExportFile:
    """A file of a delivery; `promised` is its manifest entry, which it must meet."""

    path: UPath
    name: str
    dataset: str | None
    promised: dict[str, Any] | None


@dataclass(frozen=True)
class Delivery:
    """One delivery of one night. `absent` names files that the manifest promises in vain."""

    export_date: date
    revision: int
    exported_at: datetime | None
    files: tuple[ExportFile, ...]
    absent: tuple[str, ...]

    def of(self, dataset: str) -> tuple[ExportFile, ...]:
        return tuple(f for f in self.files if f.dataset == dataset)


def deliveries(exports: UPath, night: date) -> list[Delivery]:
    """Every delivery of that night, first revision first; empty where none is there."""
    # Revisions are counted up, so that the folder of years need not be listed for one night.
    found = []
    for revision in range(1, 1000):
        name = f"{night}" if revision == 1 else f"{night}.r{revision}"
        folder = exports / name
        if folder.is_dir():
            found.append(_delivery(folder, night, revision))
        elif revision > 1:
            break
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
    return any(name_dataset(n) in (dataset, None) for n in delivery.absent)


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
    manifest = _manifest(folder)
    promised = {f["name"]: f for f in manifest.get("files", ())}
    files = tuple(_files(folder, promised))
    stamp = manifest.get("exported_at")
    return Delivery(
        export_date=night,
        revision=revision,
        exported_at=datetime.fromisoformat(stamp).astimezone(UTC) if stamp else None,
        files=files,
        absent=tuple(sorted(set(promised) - {f.name for f in files})),
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
    try:
        manifest = json.loads(path.read_text("utf-8"))
        files = manifest.get("files", [])
        if not isinstance(files, list) or not all(isinstance(f.get("name"), str) for f in files):
            raise ValueError("files must be a list of objects with a name")
        if "exported_at" in manifest:
            datetime.fromisoformat(manifest["exported_at"])
    except (ValueError, AttributeError, TypeError) as error:
        raise ExportError(
            "manifest", f"{folder.name}/{MANIFEST} cannot be read: {error}. Nothing was loaded."
        ) from error
    return dict(manifest)
