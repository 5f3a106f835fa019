"""The lake: one partition per dataset and night, and the receipt that makes it count.

A receipt is the commit: it is written last, and readers take part files from receipts, never from
a glob. What a dead run leaves behind is named by no receipt.
"""

import fcntl
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

Receipt = dict[str, Any]

# A night whose rows count: whole, or cut at a page cap and therefore silent about what is absent.
USABLE = ("ok", "partial")


class Lake:
    """Paths and receipts under one root. All writes go to a temporary name and are renamed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def partition(self, dataset: str, night: date, content: str) -> Path:
        return self.root / dataset / f"{night}" / content[:12]

    def history(self, dataset: str, night: date | str) -> Path:
        return self.root / "history" / dataset / f"{night}"

    def receipt(self, dataset: str, night: date) -> Receipt | None:
        return _read_json(self._receipt_path(dataset, night))

    def receipts(self, dataset: str) -> list[Receipt]:
        """The counting receipt of every night, oldest night first."""
        folder = self.root / "receipts" / dataset
        paths = sorted(p for p in folder.glob("????-??-??.json"))
        return [r for p in paths if (r := _read_json(p)) is not None]

    def write_receipt(self, receipt: Receipt) -> None:
        """Commits a night. The receipt it replaces stays beside it under its content's name."""
        path = self._receipt_path(receipt["dataset"], date.fromisoformat(receipt["export_date"]))
        old = _read_json(path)
        if old and old.get("content") and old["content"] != receipt.get("content"):
            write_json(path.with_name(f"{path.stem}.{old['content'][:12]}.json"), old)
        write_json(path, receipt)

    def release(self, dataset: str, night: date) -> dict[str, Any] | None:
        """Who let a held night pass, and why; it holds for the content that was there then."""
        return _read_json(self.root / "releases" / dataset / f"{night}.json")

    def write_release(self, dataset: str, night: date, release: dict[str, Any]) -> None:
        write_json(self.root / "releases" / dataset / f"{night}.json", release)

    def part_paths(self, receipt: Receipt, part: str) -> list[str]:
        """Absolute paths of a night's part files of one kind: rows, metrics, day or rejected."""
        return [str(self.root / p["path"]) for p in receipt["parts"] if p["part"] == part]

    def has_parts(self, receipt: Receipt) -> bool:
        """Whether every part that the receipt names is there."""
        return all((self.root / p["path"]).is_file() for p in receipt["parts"])

    @contextmanager
    def lock(self, dataset: str) -> Iterator[None]:
        """Held while a night is committed, so that two runs cannot mix their history."""
        path = self.root / f".lock-{dataset}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _receipt_path(self, dataset: str, night: date) -> Path:
        return self.root / "receipts" / dataset / f"{night}.json"


@contextmanager
def scratch(work: Path, name: str) -> Iterator[Path]:
    """A private folder of this attempt, gone when it ends; another attempt has another."""
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = work / f"{name}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    _sweep(work)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(work: Path) -> None:
    """Removes what killed runs left: folders named by a process that is no more."""
    for folder in work.iterdir():
        pid = folder.name.rsplit("-", 2)[-2:-1]
        if pid and pid[0].isdigit() and not Path(f"/proc/{pid[0]}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def discard(folder: Path, work: Path) -> None:
    """Removes a folder that others may look for: gone at once by its name, then file by file.

    A folder half removed would pass for a whole one.
    """
    if folder.exists():
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = work / f"discarded-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        os.rename(folder, aside)
        shutil.rmtree(aside, ignore_errors=True)


def put_folder(scratch_folder: Path, target: Path, work: Path) -> None:
    """Moves a finished folder into place, replacing one of the same name; synced to disk."""
    for path in scratch_folder.iterdir():
        sync(path)
    sync(scratch_folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    discard(target, work)
    os.rename(scratch_folder, target)
    sync(target.parent)
    sync(target.parent.parent)


def write_json(path: Path, value: Any) -> None:
    """Writes JSON whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with part.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, ensure_ascii=False, sort_keys=True, default=str)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Forces a file or a folder's names to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def code_version() -> str:
    """Hash of everything in this room that decides what becomes of a row."""
    room = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(room.rglob("*")):
        if path.suffix in (".py", ".toml", ".sql", ".csv") and "sample" not in path.parts:
            digest.update(str(path.relative_to(room)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
