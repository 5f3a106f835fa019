"""Makes a backup beside running nights: receipts first, under their locks, then the parts that
they name, which never change."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from transforms import DATASETS
from transforms.code import code_version
from transforms.deliveries import exports
from transforms.errors import Damaged, SettingsError
from transforms.lake import Lake, Receipt
from transforms.settings import Settings
from transforms.storage import sha256
from warehouse import publish
from warehouse.backup.store import Entry, Store, entry_of

log = logging.getLogger(__name__)

FILE_OF_SETTINGS = "outlook.toml"
FAULTY = "restore it from an earlier backup"
# Small files of the lake that may change: they are read while no night can be committed.
DELETED = ("*/*/*.deleted", "*/*/*/*.deleted")  # the marks of what retention deleted
SMALL = ("key.json", "receipts/*/*.json", "releases/*/*.json", *DELETED)
WHOLE = ("editions", "report")  # folders of `published` that a build cannot make again
PLAIN = (0o644, 0o755)


class Fault(NamedTuple):
    """A file that could not be backed up, and why."""

    path: Path
    why: str

    def __str__(self) -> str:
        return f"{self.path}, which {self.why}"


@dataclass
class Made:
    """A backup: how many files and bytes it lists, and how many of them were new."""

    name: str
    files: int = 0
    bytes: int = 0
    new_files: int = 0
    new_bytes: int = 0
    faults: list[Fault] = field(default_factory=list)


def make(settings: Settings, target: Path, now: datetime | None = None) -> Made:
    """Backs up what cannot be made again; copies only what the backup does not hold.

    Raises SettingsError for a target inside the data, and Damaged, once all else is safe, if a
    file is damaged that no earlier backup holds.
    """
    _refuse_inside(settings, target)
    lake, store = Lake(settings.lake), Store(target)
    if not any((lake.root / "receipts").glob("*/*.json")):
        raise SettingsError(f"{lake.root} holds no night: nothing was backed up.")
    made = Made(f"{now or datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    with store.writing():
        files = _small(store, lake)
        for path, digest in _parts(lake):
            _keep(store, made, files, f"lake/{path.relative_to(lake.root)}", path, digest)
        # What retention has deleted meanwhile is no fault; its marks tell a restored lake.
        made.faults = [f for f in made.faults if not lake.is_let_go(f.path)]
        files |= _stored(store, lake, DELETED)
        with (
            publish.writer_lock(settings.published) if settings.published.is_dir() else ExitStack()
        ):
            for folder in WHOLE:
                for path in sorted((settings.published / folder).rglob("*")):
                    if path.is_file():
                        name = f"published/{path.relative_to(settings.published)}"
                        _keep(store, made, files, name, path, sha256(path))
        _keep_texts(store, settings, files)
        made.files, made.bytes = len(files), sum(e.bytes for e in files.values())
        about = {"code_version": code_version(), "market": settings.market.code}
        store.write_snapshot(made.name, {**about, "faults": [str(f) for f in made.faults]}, files)
        store.prune()
    if made.faults:
        raise Damaged(
            f"{len(made.faults):,} files are damaged and in no earlier backup, first "
            f"{made.faults[0]}. All else was backed up as {made.name}. Run `outlook doctor`."
        )
    return made


def _small(store: Store, lake: Lake) -> dict[str, Entry]:
    """Stores receipts, releases and the hash of the key, as they are at one moment."""
    with ExitStack() as held:
        for dataset in DATASETS:
            held.enter_context(lake.lock(dataset))
        files = _stored(store, lake, SMALL)
        _refuse_damaged(lake)
    return files


def _stored(store: Store, lake: Lake, patterns: Iterable[str]) -> dict[str, Entry]:
    files = {}
    for path in (p for pattern in patterns for p in sorted(lake.root.glob(pattern))):
        now = entry_of(path, "")
        files[f"lake/{path.relative_to(lake.root)}"] = store.put_text(
            path.read_bytes(), (now.mode, now.folder_mode)
        )
    return files


def _refuse_damaged(lake: Lake) -> None:
    """Raises Damaged for a receipt that cannot be read: its parts would not be backed up."""
    for dataset in DATASETS:
        lake.receipts(dataset)
        for old in lake.replaced(dataset, FAULTY):
            if isinstance(old, Damaged):
                raise old


def _parts(lake: Lake) -> Iterator[tuple[Path, str]]:
    """Path and hash of every part that a receipt names, unless retention has deleted it."""
    for dataset in DATASETS:
        replaced = (r for r in lake.replaced(dataset, FAULTY) if isinstance(r, Receipt))
        for receipt in (*lake.receipts(dataset), *replaced):
            for part in lake.kept_parts(receipt):
                yield lake.root / part.path, part.sha256


def _keep(
    store: Store, made: Made, files: dict[str, Entry], name: str, path: Path, digest: str
) -> None:
    try:
        entry = entry_of(path, digest)
        is_new = not store.has(entry)
        if is_new and not store.put(path, entry):
            made.faults.append(Fault(path, "is not what was written"))
            return
    except FileNotFoundError:
        made.faults.append(Fault(path, "is gone"))
        return
    if is_new:
        made.new_files += 1
        made.new_bytes += entry.bytes
    files[name] = entry


def _keep_texts(store: Store, settings: Settings, files: dict[str, Entry]) -> None:
    """The calendar of due nights, which decides what is missing, and the file of settings."""
    try:
        calendar = exports.beside(settings.beside, exports.CALENDAR)
        if calendar is not None:
            files[f"exports/{exports.CALENDAR}"] = store.put_text(calendar, PLAIN)
    except (OSError, ValueError) as error:
        log.warning(
            "%s cannot be read (%s): the backup has no calendar of the nights that were due. All "
            "else is in it",
            settings.exports,
            error,
        )
    if Path(FILE_OF_SETTINGS).is_file():
        files[FILE_OF_SETTINGS] = store.put_text(Path(FILE_OF_SETTINGS).read_bytes(), PLAIN)


def _refuse_inside(settings: Settings, target: Path) -> None:
    for own in (settings.lake, settings.published, settings.home):
        if target.absolute() == own or own in target.absolute().parents:
            raise SettingsError(
                f"{target} is inside {own}, so it would be lost together with it: nothing was "
                "backed up. Name a folder on another disk."
            )
