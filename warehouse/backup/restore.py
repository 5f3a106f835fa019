"""Restores a backup into an empty home; receipts last, so that a night counts once it is whole."""

import hashlib
import hmac
import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from transforms import DATASETS
from transforms.errors import Damaged, SettingsError
from transforms.lake import Lake
from transforms.lease import scratch
from transforms.settings import Settings
from transforms.storage import damage, private_folder, read_json, sha256
from warehouse import versions
from warehouse.backup.make import WHOLE
from warehouse.backup.store import FROM_ANOTHER, Entry, Store, copied

LAST = "lake/receipts/"
ASIDE = ".restored"


@dataclass(frozen=True)
class Restored:
    """What was restored: the snapshot, files and bytes; `left` are files that were put beside."""

    name: str
    files: int
    bytes: int
    left: tuple[str, ...]


def restore(settings: Settings, source: Path, snapshot: str | None = None) -> Restored:
    """Restores a snapshot, by default the newest, and checks the hash of every file.

    A restore that was interrupted can be run again. Raises SettingsError if the home is not empty
    or the key is another one; Damaged if a file of the backup is damaged: then no night counts.
    """
    name, about, files = Store(source).snapshot(snapshot)
    _hold_to_market(settings, about.get("market"))
    _hold_to_key(settings, source, files)
    targets = {path: _target(settings, path, entry) for path, entry in files.items()}
    _refuse_occupied(settings, targets, files)
    for path in sorted(files, key=lambda p: (p.startswith(LAST), p)):
        within = _within_bucket(settings, targets[path])
        if within is None:
            _put_back(Store(source), targets[path], files[path])
        else:
            _put_into(settings, Store(source), within, files[path])
    left = tuple(str(targets[p]) for p in files if targets[p].name.endswith(ASIDE))
    return Restored(name, len(files), sum(e.bytes for e in files.values()), left)


def _target(settings: Settings, path: str, entry: Entry) -> Path:
    """Where a file of the backup belongs."""
    root, _, rest = path.partition("/")
    if root == "lake":
        return settings.lake / rest
    if root == "published":
        return settings.published / rest
    if root == "exports":
        beside = Path(str(settings.beside)) / rest
        if not beside.is_file() or _is(beside, entry):
            return beside
    # It may name folders of the lost machine, or differ from what is there: somebody must look.
    return settings.home / f"{Path(path).name}{ASIDE}"


def _put_back(store: Store, target: Path, entry: Entry) -> None:
    if target.is_file() and target.stat().st_size == entry.bytes and _is(target, entry):
        return
    if entry.folder_mode & 0o077:
        target.parent.mkdir(parents=True, exist_ok=True)
    else:
        private_folder(target.parent)
    source = store.path(entry.sha256)
    if not source.is_file() or not copied(source, target, entry.sha256):
        state = "is not what was backed up" if source.is_file() else "is gone"
        raise Damaged(damage(f"{source} {state}", FROM_ANOTHER))
    os.chmod(target, entry.mode)


def _within_bucket(settings: Settings, target: Path) -> PurePosixPath | None:
    """The name in the lake of a file that belongs into a bucket."""
    if not settings.bucket or not target.is_relative_to(settings.lake):
        return None
    return PurePosixPath(target.relative_to(settings.lake))


def _put_into(settings: Settings, store: Store, name: PurePosixPath, entry: Entry) -> None:
    """The same as `_put_back` for a lake in a bucket; what is there already is not sent again."""
    with scratch(settings.work, "restore") as folder:
        made = folder / "made"
        _put_back(store, made / name.name, entry)
        if name.suffix == ".parquet":
            settings.place.put(made, name.parent, folder, nullcontext())
        elif settings.place.read(name) != (text := (made / name.name).read_bytes()):
            settings.place.write(name, text)


def _is(path: Path, entry: Entry) -> bool:
    return sha256(path) == entry.sha256


def _hold_to_market(settings: Settings, market: str | None) -> None:
    if market not in (None, settings.market.code):
        raise SettingsError(
            f"OUTLOOK_MARKET is {settings.market.code}, and the backup is of {market}: nothing "
            "was restored."
        )


def _hold_to_key(settings: Settings, source: Path, files: dict[str, Entry]) -> None:
    """Raises SettingsError unless OUTLOOK_KEY is the key that the nights were loaded with."""
    mine = hmac.new(settings.hashing_key(), b"lake", "sha256").hexdigest()
    if entry := files.get("lake/key.json"):
        known = read_json(Store(source).path(entry.sha256), FROM_ANOTHER) or {}
        if known.get("key") != mine:
            raise SettingsError(
                "OUTLOOK_KEY is not the key that the nights of this backup were loaded with: "
                "nothing was restored. Set the key that you kept apart from the backup."
            )


def _refuse_occupied(settings: Settings, targets: dict[str, Path], files: dict[str, Entry]) -> None:
    """Raises SettingsError if anything is there that an interrupted restore did not leave."""
    known = {target: files[path] for path, target in targets.items()}
    lake = Lake(settings.place)
    for dataset in DATASETS:
        for name in lake.named("receipts", dataset):
            entry = files.get(f"lake/{name}")
            text = settings.place.read(name)
            if text and (entry is None or hashlib.sha256(text).hexdigest() != entry.sha256):
                raise _occupied(lake.place.shown(name))
    there = [*versions.every(settings.published)]
    for folder in WHOLE:
        there += [p for p in (settings.published / folder).rglob("*") if p.is_file()]
    for path in there:
        if path not in known or not _is(path, known[path]):
            raise _occupied(str(path))


def _occupied(path: str) -> SettingsError:
    return SettingsError(
        f"{path} is there, and not from this snapshot: nothing was restored. Restore into an empty "
        "OUTLOOK_HOME."
    )
