"""Makes a backup beside running nights: receipts first, under their locks, then the parts that
they name, which never change."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from transforms import DATASETS
from transforms.code import code_version
from transforms.deliveries import exports
from transforms.errors import Damaged, SettingsError
from transforms.lake import Lake, Receipt
from transforms.place import Unsound
from transforms.settings import Settings
from transforms.storage import sha256
from warehouse import publish
from warehouse.backup.store import Entry, Store, entry_of
from warehouse.editions import vintages

log = logging.getLogger(__name__)

FILE_OF_SETTINGS = "outlook.toml"
FAULTY = "restore it from an earlier backup"
DELETED = ".deleted"
WHOLE = ("editions", "report", "briefs")  # folders of `published` that a build cannot make again
PLAIN = (0o644, 0o755)
PRIVATE = (0o600, 0o700)


class Fault(NamedTuple):
    """A file that could not be backed up, and why."""

    path: Path | str
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
    lake, store = Lake(settings.place), Store(target)
    if not any(name.suffix == ".json" for d in DATASETS for name in lake.named("receipts", d)):
        raise SettingsError(f"{lake} holds no night: nothing was backed up.")
    made = Made(f"{now or datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    with store.writing():
        files = _small(store, lake)
        for part, digest in _parts(lake):
            _keep_part(store, made, files, lake, part, digest)
        files |= _stored(store, lake, _marks(lake))
        with (
            publish.writer_lock(settings.published) if settings.published.is_dir() else ExitStack()
        ):
            for folder in WHOLE:
                for path in sorted((settings.published / folder).rglob("*")):
                    if path.is_file():
                        name = f"published/{path.relative_to(settings.published)}"
                        _keep(store, made, files, name, path, sha256(path))
            _keep_vintages(store, settings.published, files)
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
        files = _stored(store, lake, [*_small_names(lake), *_marks(lake)])
        _refuse_damaged(lake)
    return files


def _small_names(lake: Lake) -> Iterator[PurePosixPath]:
    """Small files of the lake that may change: read while no night can be committed."""
    yield from (PurePosixPath(name) for name in ("key.json", "market.json"))
    for folder in ("receipts", "releases"):
        for dataset in DATASETS:
            yield from (n for n in lake.named(folder, dataset) if n.suffix == ".json")


def _marks(lake: Lake) -> Iterator[PurePosixPath]:
    """The marks of what retention deleted: of partitions, and of parts in them."""
    for dataset in DATASETS:
        for night in lake.named(dataset):
            for name in lake.named(f"{night}"):
                within = [name] if name.suffix == DELETED else lake.named(f"{name}")
                yield from (n for n in within if n.suffix == DELETED)


def _stored(store: Store, lake: Lake, names: Iterable[PurePosixPath]) -> dict[str, Entry]:
    files = {}
    for name in names:
        if (text := lake.place.read(name)) is not None:
            mode = PRIVATE if name.suffix == DELETED else PLAIN
            files[f"lake/{name}"] = store.put_text(text, mode)
    return files


def _refuse_damaged(lake: Lake) -> None:
    """Raises Damaged for a receipt that cannot be read: its parts would not be backed up."""
    for dataset in DATASETS:
        lake.receipts(dataset, thorough=True)
        for old in lake.replaced(dataset, FAULTY):
            if isinstance(old, Damaged):
                raise old


def _parts(lake: Lake) -> Iterator[tuple[PurePosixPath, str]]:
    """Name and hash of every part that a receipt names, unless retention has deleted it."""
    for dataset in DATASETS:
        replaced = (r for r in lake.replaced(dataset, FAULTY) if isinstance(r, Receipt))
        receipts = [*lake.receipts(dataset), *replaced]
        with lake.place.at_once(PurePosixPath(dataset)):
            kept = [part for receipt in receipts for part in lake.kept_parts(receipt)]
        yield from ((PurePosixPath(part.path), part.sha256) for part in kept)


def _keep_part(
    store: Store, made: Made, files: dict[str, Entry], lake: Lake, name: PurePosixPath, digest: str
) -> None:
    """Backs up a part. What retention has deleted meanwhile is no fault: its marks tell so."""
    entry = store.held(digest, PRIVATE)
    if entry is None:
        try:
            path = lake.place.verified(name, digest)
            entry = Entry(digest, path.stat().st_size, *PRIVATE)
            if not store.put(path, entry):
                raise Unsound(str(path), "is not what was written")
        except (Unsound, FileNotFoundError) as error:
            if not lake.is_let_go(name):
                why = error.why if isinstance(error, Unsound) else "is gone"
                made.faults.append(Fault(lake.place.shown(name), why))
            return
        made.new_files += 1
        made.new_bytes += entry.bytes
    files[f"lake/{name}"] = entry


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


def _keep_vintages(store: Store, published: Path, files: dict[str, Entry]) -> None:
    """What earlier versions told: no build can make it again, and versions are not backed up."""
    if (kept := vintages.as_parquet(published)) is not None:
        files[f"published/{vintages.FILE}"] = store.put_text(kept, PLAIN)


def _keep_texts(store: Store, settings: Settings, files: dict[str, Entry]) -> None:
    """The calendar of due nights, which decides what is missing, what says that the exports are
    generated, and the file of settings."""
    try:
        for name in (exports.CALENDAR, exports.SAMPLE):
            if (text := exports.beside(settings.beside, name)) is not None:
                files[f"exports/{name}"] = store.put_text(text, PLAIN)
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
