"""The lake: one partition per dataset and night, and the receipt that makes it count.

A receipt is the commit: it is written last, and readers take part files from receipts, never from
a glob. Files that an interrupted run leaves are in no receipt and do not count.
"""

import hmac
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from transforms import DATASETS
from transforms.errors import Damaged, SettingsError
from transforms.lake.receipt import Part, Receipt, from_json
from transforms.lease import final_step, leased
from transforms.storage import damage, read_json, sha256, write_json

log = logging.getLogger(__name__)

LOAD_AGAIN = (
    "run `outlook run --date {night}` to make it again, if the night's delivery still exists"
)


class DamagedPart(Damaged):
    """A part that does not match its receipt; `receipt` names the bytes that it was made from."""

    def __init__(self, message: str, receipt: Receipt) -> None:
        super().__init__(message, receipt)  # both: errors cross processes by their arguments
        self.receipt = receipt

    def __str__(self) -> str:
        return str(self.args[0])


class Lake:
    """Paths and receipts under one root. All writes go to a temporary name and are renamed.

    Reads are checked against the hashes that were written: see `part_paths`, `read_json`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.until: date | None = None
        self._sound: set[tuple[Path, str, int, int]] = set()

    def as_of(self, night: date | None) -> "Lake":
        """The same lake for a reader that must see no later night: `receipts` leaves them out."""
        limited = Lake(self.root)
        limited.until, limited._sound = night, self._sound
        return limited

    def usable(self, night: date) -> list[str]:
        """The datasets whose export of that night counts."""
        return [d for d in DATASETS if (r := self.receipt(d, night)) and r.is_usable]

    def is_complete(self, night: date) -> bool:
        """Whether the exports of all datasets count for that night."""
        return len(self.usable(night)) == len(DATASETS)

    def waiting(self, night: date) -> str:
        """What keeps a night from being complete, in words; empty if nothing does."""
        found = {d: self.receipt(d, night) for d in DATASETS}
        return ", ".join(
            f"{d} is {r.status if r else 'not loaded'}"
            for d, r in found.items()
            if r is None or not r.is_usable
        )

    def partition(self, dataset: str, night: date, content: str) -> Path:
        return self.root / dataset / f"{night}" / content[:12]

    def history(self, dataset: str, night: date) -> Path:
        return self.root / "history" / dataset / f"{night}"

    def receipt(self, dataset: str, night: date) -> Receipt | None:
        """The current receipt of a night. Raises Damaged if it has changed since it was written."""
        path = self._receipt_path(dataset, night)
        remedy = LOAD_AGAIN.format(night=night)
        found = self._read(path, remedy)
        if found and (found.dataset, found.export_date) != (dataset, night):
            raise Damaged(damage(f"{path} is the receipt of another night", remedy))
        return found

    def receipts(self, dataset: str, damaged: dict[date, Damaged] | None = None) -> list[Receipt]:
        """The counting receipt of every night, oldest night first.

        Raises Damaged if one has changed since it was written: without its night, figures would
        change. With a dictionary given, such nights go there instead.
        """
        found = []
        for path in sorted((self.root / "receipts" / dataset).glob("????-??-??.json")):
            try:
                night = date.fromisoformat(path.stem)
            except ValueError:
                log.warning("%s was ignored: its name is not a date", path)
                continue
            if self.until and night > self.until:
                continue
            try:
                found.append(self.receipt(dataset, night))
            except Damaged as error:
                if damaged is None:
                    raise
                damaged[night] = error
        return [r for r in found if r is not None]

    def sound_receipt(self, dataset: str, night: date) -> Receipt | None:
        """The receipt, or None if it is damaged: for the run that replaces it."""
        try:
            return self.receipt(dataset, night)
        except Damaged as error:
            log.warning("%s", error)
            return None

    def replaced(self, dataset: str, remedy: str) -> Iterator[Receipt | Damaged]:
        """Receipts that later ones have replaced, or the faults of their files."""
        for path in sorted((self.root / "receipts" / dataset).glob("????-??-??.*.json")):
            try:
                found = self._read(path, remedy)
            except Damaged as error:
                yield error
            else:
                if found:
                    yield found

    def let_go(self, path: Path, why: str) -> None:
        """Records that retention deletes a part, or a folder of parts, before it does."""
        told = {"why": why, "at": f"{datetime.now(UTC):%Y-%m-%d}"}
        write_json(path.with_suffix(".deleted"), told)

    def kept_parts(self, receipt: Receipt) -> list[Part]:
        """The parts of a receipt without those that retention has deleted."""
        return [p for p in receipt.parts if not self.is_let_go(self.root / p.path)]

    def is_let_go(self, path: Path) -> bool:
        """Whether retention has deleted a part, or the partition that it was in."""
        return any(
            x.with_suffix(".deleted").exists() and not x.exists() for x in (path, path.parent)
        )

    def write_receipt(self, receipt: Receipt) -> None:
        """Commits a night. The receipt that it replaces stays next to it, named by its content."""
        path = self._receipt_path(receipt.dataset, receipt.export_date)
        with self.final_step(receipt.dataset):
            old = self.sound_receipt(receipt.dataset, receipt.export_date)
            if old and old.content and old.content != receipt.content:
                beside = path.with_name(f"{path.stem}.{old.content[:12]}.json")
                write_json(beside, old.as_json())
            write_json(path, receipt.as_json())

    def release(self, dataset: str, night: date) -> dict[str, Any] | None:
        """Who released a held night, and why; valid only for the content released.

        Raises Damaged if it has changed since it was written."""
        path = self.root / "releases" / dataset / f"{night}.json"
        remedy = f"delete it and run `outlook release-night {night} --reason …` again"
        found = read_json(path, remedy)
        own = {"dataset": dataset, "export_date": f"{night}"}
        if found and {k: found.get(k, v) for k, v in own.items()} != own:
            raise Damaged(damage(f"{path} is the release of another night", remedy))
        return found

    def write_release(self, dataset: str, night: date, release: dict[str, Any]) -> None:
        of = {"dataset": dataset, "export_date": f"{night}"}
        with self.final_step(dataset):
            write_json(self.root / "releases" / dataset / f"{night}.json", {**release, **of})

    def hold_to_key(self, key: bytes) -> None:
        """Raises SettingsError if the key differs from that of earlier nights.

        With two keys, one person would count as two.
        """
        path = self.root / "key.json"
        told = {"key": hmac.new(key, b"lake", "sha256").hexdigest()}
        known = read_json(path, "delete it; the next run writes it again")
        if known is None:
            write_json(path, told)
        elif known != told:
            raise SettingsError(
                f"OUTLOOK_KEY is not the key that the nights in {self.root} were loaded with, or "
                "its file is damaged: nothing was loaded. Restore the key from a backup. To change "
                "the key, load everything into an empty lake."
            )

    def part_paths(self, receipt: Receipt, part: str) -> list[str]:
        """Absolute paths of a night's part files of one kind: rows, metrics, day or rejected.

        This is the only access to parts. Raises DamagedPart if one has changed since.
        """
        paths = []
        for entry in self.kept_parts(receipt):
            if entry.part == part:
                if fault := self.fault(self.root / entry.path, entry.sha256):
                    of = f"{receipt.dataset} {receipt.export_date}"
                    raise DamagedPart(f"{of}: {fault}", receipt)
                paths.append(str(self.root / entry.path))
        return paths

    def is_whole(self, receipt: Receipt) -> bool:
        """Whether every part that retention has not deleted exists and is unchanged."""
        return not any(self.fault(self.root / p.path, p.sha256) for p in self.kept_parts(receipt))

    def fault(self, path: Path, digest: str) -> str | None:
        """The fault of a file with a known hash, if any; each file is hashed once."""
        try:
            now = path.stat()
        except FileNotFoundError:
            return f"{path} is gone"
        seen = (path, digest, now.st_size, now.st_ctime_ns)
        if seen not in self._sound:
            if not path.is_file() or sha256(path) != digest:
                return f"{path} is not what was written"
            self._sound.add(seen)
        return None

    @contextmanager
    def lock(self, dataset: str) -> Iterator[None]:
        """Lock held while a night is committed, so that two runs cannot mix their history."""
        with leased(self.locks(dataset)[0]):
            with self.final_step(dataset):
                for folder in ("receipts", "releases"):
                    for unfinished in (self.root / folder / dataset).glob(".*.tmp"):
                        unfinished.unlink()  # of a run that was killed
            yield

    def final_step(self, dataset: str) -> AbstractContextManager[None]:
        """Within it a dataset is changed. Raises TakenOver if its lock was lost."""
        return final_step(*self.locks(dataset))

    def locks(self, *datasets: str) -> list[Path]:
        """The files of the datasets' locks, of all if none is named; always in one order."""
        return [self.root / f".lock-{d}" for d in DATASETS if not datasets or d in datasets]

    def _read(self, path: Path, remedy: str) -> Receipt | None:
        found = read_json(path, remedy)
        try:
            return None if found is None else from_json(found)
        except ValueError as error:
            raise Damaged(damage(f"{path} is not a receipt: {error}", remedy)) from None

    def _receipt_path(self, dataset: str, night: date) -> Path:
        return self.root / "receipts" / dataset / f"{night}.json"
