"""The lake: one partition per dataset and night, and the receipt that makes it count.

A receipt is the commit: it is written last, and readers take part files from receipts, never from
a glob. Files that an interrupted run leaves are in no receipt and do not count.
"""

import hmac
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from transforms import DATASETS
from transforms.errors import Damaged, SettingsError
from transforms.lake.known import BY_MONTH, Known, Marked
from transforms.lake.receipt import Part, Receipt, from_json
from transforms.lease import Lock, final_step, leased
from transforms.place import Place, Unsound, read_json, write_json
from transforms.place.folder import Folder
from transforms.storage import damage, sealed, unsealed

log = logging.getLogger(__name__)

# Receipts by file and bytes: the same bytes are understood once.
_UNDERSTOOD: dict[tuple[str, PurePosixPath], tuple[bytes, Receipt]] = {}

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
    """Names and receipts in one place. What is written appears whole or not at all.

    Reads are checked against the hashes that were written: see `part_paths`, `read_json`.
    """

    def __init__(self, place: Place | Path) -> None:
        self.place: Place = Folder(place) if isinstance(place, Path) else place
        self.until: date | None = None
        self._shown = f"{self}"
        # Receipts of the datasets that are locked: until they are let go, only this lake writes.
        self._held: dict[str, list[Marked] | None] = {}

    def as_of(self, night: date | None) -> "Lake":
        """The same lake for a reader that must see no later night: `receipts` leaves them out."""
        limited = Lake(self.place)
        limited.until, limited._held = night, self._held
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

    def partition(self, dataset: str, night: date, content: str) -> PurePosixPath:
        return PurePosixPath(dataset, f"{night}", content[:12])

    def history(self, dataset: str, night: date) -> PurePosixPath:
        return PurePosixPath("history", dataset, f"{night}")

    def receipt(self, dataset: str, night: date) -> Receipt | None:
        """The current receipt of a night. Raises Damaged if it has changed since it was written."""
        name = self._receipt_name(dataset, night)
        remedy = LOAD_AGAIN.format(night=night)
        found = self._read(name, remedy)
        if found and (found.dataset, found.export_date) != (dataset, night):
            raise Damaged(
                damage(f"{self.place.shown(name)} is the receipt of another night", remedy)
            )
        return found

    def receipts(
        self, dataset: str, damaged: dict[date, Damaged] | None = None, thorough: bool = False
    ) -> list[Receipt]:
        """The counting receipt of every night, oldest night first.

        Only those are read that may have changed since they were last read, all if `thorough`.
        Raises Damaged if one has changed since it was written: without its night, figures would
        change. With a dictionary given, such nights go there instead.
        """
        found = (m.receipt for m in self._marked(dataset, damaged, thorough))
        return [r for r in found if not self.until or r.export_date <= self.until]

    def note_months(self, dataset: str) -> None:
        """Writes down the receipts of finished months, so that later runs need not read each again;
        call with the dataset's lock held."""
        known = Known(self.place, dataset)
        if months := known.unwritten(self._marked(dataset)):
            with self.final_step(dataset):
                known.write(months)

    def _marked(
        self, dataset: str, damaged: dict[date, Damaged] | None = None, thorough: bool = False
    ) -> list[Marked]:
        found = self._held.get(dataset)
        if found is None or damaged is not None or thorough:
            found = list(self._all_receipts(dataset, damaged, thorough))
            if dataset in self._held and not self.until and damaged is None:
                self._held[dataset] = found
        return found

    def _all_receipts(
        self, dataset: str, damaged: dict[date, Damaged] | None, thorough: bool
    ) -> Iterator[Marked]:
        known = Known(self.place, dataset)
        with self.place.at_once(PurePosixPath("receipts", dataset)):
            for night, file, mark in self._nights(dataset):
                try:
                    if not thorough and (found := known.find(file, mark)):
                        yield found
                    elif read := self.receipt(dataset, night):
                        yield known.add(file, mark, read)
                except Damaged as error:
                    if damaged is None:
                        raise
                    damaged[night] = error

    def _nights(self, dataset: str) -> Iterator[tuple[date, str, str]]:
        """The nights that have a receipt, and that a reader may see: its file and mark."""
        folder = PurePosixPath("receipts", dataset)
        for file, mark in self.place.marks(folder).items():
            if fnmatch(file, "????-??-??.json"):
                try:
                    night = date.fromisoformat(file.removesuffix(".json"))
                except ValueError:
                    what = "%s was ignored: its name is not a date"
                    log.warning(what, self.place.shown(folder / file))
                    continue
                if not self.until or night <= self.until:
                    yield night, file, mark

    def sound_receipt(self, dataset: str, night: date) -> Receipt | None:
        """The receipt, or None if it is damaged: for the run that replaces it."""
        try:
            return self.receipt(dataset, night)
        except Damaged as error:
            log.warning("%s", error)
            return None

    def replaced(self, dataset: str, remedy: str) -> Iterator[Receipt | Damaged]:
        """Receipts that later ones have replaced, or the faults of their files."""
        for name in self.named("receipts", dataset):
            if fnmatch(name.name, "????-??-??.*.json"):
                try:
                    found = self._read(name, remedy)
                except Damaged as error:
                    yield error
                else:
                    if found:
                        yield found

    def named(self, *below: str) -> list[PurePosixPath]:
        """Names of the files and folders in a folder, in order."""
        return [one.name for one in self.place.children(PurePosixPath(*below))]

    def let_go(self, name: PurePosixPath, why: str) -> None:
        """Records that retention deletes a part, or a folder of parts, before it does."""
        told = {"why": why, "at": f"{datetime.now(UTC):%Y-%m-%d}"}
        write_json(self.place, name.with_suffix(".deleted"), told)

    def kept_parts(self, receipt: Receipt, part: str | None = None) -> list[Part]:
        """The parts of a receipt, all or of one kind, without those that retention has deleted."""
        kept = []
        for one in (p for p in receipt.parts if part in (None, p.part)):
            # Of rejected rows, as they came, no copy may outlive them.
            digest = None if one.part == "rejected" else one.sha256
            if self.is_let_go(PurePosixPath(one.path), digest):
                self.place.drop_copy(one.sha256)
            else:
                kept.append(one)
        return kept

    def is_let_go(self, name: PurePosixPath, digest: str | None = None) -> bool:
        """Whether retention has deleted a part, or the partition that it was in. With its hash, a
        copy on this machine is enough to say no."""
        has = self.place.has
        return not has(name, digest) and (
            has(name.with_suffix(".deleted"))
            or (has(name.parent.with_suffix(".deleted")) and not has(name.parent))
        )

    def write_receipt(self, receipt: Receipt) -> None:
        """Commits a night. The receipt that it replaces stays next to it, named by its content."""
        name = self._receipt_name(receipt.dataset, receipt.export_date)
        with self.final_step(receipt.dataset):
            old = self.sound_receipt(receipt.dataset, receipt.export_date)
            if old and old.content and old.content != receipt.content:
                beside = name.with_name(f"{name.stem}.{old.content[:12]}.json")
                write_json(self.place, beside, old.as_json())
            write_json(self.place, name, receipt.as_json())
            if receipt.dataset in self._held:
                self._held[receipt.dataset] = None

    def release(self, dataset: str, night: date) -> dict[str, Any] | None:
        """Who released a held night, and why; valid only for the content released.

        Raises Damaged if it has changed since it was written."""
        name = PurePosixPath("releases", dataset, f"{night}.json")
        remedy = f"delete it and run `outlook release-night {night} --reason …` again"
        found = read_json(self.place, name, remedy)
        own = {"dataset": dataset, "export_date": f"{night}"}
        if found and {k: found.get(k, v) for k, v in own.items()} != own:
            raise Damaged(
                damage(f"{self.place.shown(name)} is the release of another night", remedy)
            )
        return found

    def write_release(self, dataset: str, night: date, release: dict[str, Any]) -> None:
        of = {"dataset": dataset, "export_date": f"{night}"}
        with self.final_step(dataset):
            name = PurePosixPath("releases", dataset, f"{night}.json")
            write_json(self.place, name, {**release, **of})

    def hold_to_key(self, key: bytes) -> None:
        """Raises SettingsError if the key differs from that of earlier nights.

        With two keys, one person would count as two.
        """
        told = {"key": hmac.new(key, b"lake", "sha256").hexdigest()}
        if self._told_first(PurePosixPath("key.json"), told) != told:
            raise SettingsError(
                f"OUTLOOK_KEY is not the key that the nights in {self} were loaded with, or "
                "its file is damaged: nothing was loaded. Restore the key from a backup. To change "
                "the key, load everything into an empty lake."
            )

    def hold_to_market(self, code: str) -> None:
        """Raises SettingsError if the market differs from that of earlier nights.

        Its sellers, its year and its time zone would make other figures of the same nights. A lake
        without nights is of no market yet.
        """
        if not self.named("receipts"):
            return
        told = {"market": code}
        known = self._told_first(PurePosixPath("market.json"), told)
        if known != told:
            of = known.get("market")
            raise SettingsError(
                f"OUTLOOK_MARKET is {code}, and the nights in {self} are of {of}: nothing was "
                f"loaded or published. Set OUTLOOK_MARKET={of}, or give {code} a home of its own."
            )

    def _told_first(self, name: PurePosixPath, told: dict[str, Any]) -> dict[str, Any]:
        """What was told under that name first; what is told now if nothing was."""
        remedy = "delete it; the next run writes it again"
        known = read_json(self.place, name, remedy)
        if known is None and not self.place.create(name, sealed(told)):
            known = read_json(self.place, name, remedy)  # another run was first
        return told if known is None else known

    def part_paths(self, receipt: Receipt, part: str) -> list[str]:
        """Absolute paths of a night's part files of one kind: rows, metrics, day or rejected.

        This is the only access to parts. Raises DamagedPart if one has changed since.
        """
        paths = []
        for entry in self.kept_parts(receipt, part):
            try:
                paths.append(str(self.place.verified(PurePosixPath(entry.path), entry.sha256)))
            except Unsound as fault:
                of = f"{receipt.dataset} {receipt.export_date}"
                raise DamagedPart(f"{of}: {fault}", receipt) from None
        return paths

    def is_whole(self, receipt: Receipt) -> bool:
        """Whether every part that retention has not deleted exists and is unchanged."""
        parts = self.kept_parts(receipt)
        return not any(self.fault(PurePosixPath(p.path), p.sha256) for p in parts)

    def fault(self, name: PurePosixPath, digest: str) -> str | None:
        """The fault of a file with a known hash, if any."""
        try:
            self.place.stored(name, digest)
        except Unsound as fault:
            return str(fault)
        return None

    def put(self, made: Path, target: PurePosixPath, dataset: str, scratch: Path) -> None:
        """Moves a finished folder of a dataset into place; call with its lock held."""
        self.place.put(made, target, scratch, self.final_step(dataset))

    @contextmanager
    def lock(self, dataset: str) -> Iterator[None]:
        """Lock held while a night is committed, so that two runs cannot mix their history."""
        with leased(self.locks(dataset)[0]):
            with self.final_step(dataset):
                for folder in ("receipts", BY_MONTH, "releases"):
                    self.place.tidy(PurePosixPath(folder, dataset))
            self._held[dataset] = None
            try:
                yield
            finally:
                del self._held[dataset]

    def final_step(self, dataset: str) -> AbstractContextManager[None]:
        """Within it a dataset is changed. Raises TakenOver if its lock was lost."""
        return final_step(*self.locks(dataset))

    def locks(self, *datasets: str) -> list[Lock]:
        """The locks of the datasets, of all if none is named; always in one order."""
        return [self.place.lock(f".lock-{d}") for d in DATASETS if not datasets or d in datasets]

    def __str__(self) -> str:
        """Where it is, without anything secret."""
        return self.place.shown(PurePosixPath())

    def _read(self, name: PurePosixPath, remedy: str) -> Receipt | None:
        try:
            text = self.place.read(name)
        except Unsound as fault:
            raise Damaged(damage(str(fault), remedy)) from None
        if text is None:
            return None
        if (understood := _UNDERSTOOD.get((self._shown, name))) and understood[0] == text:
            return understood[1]
        shown = self.place.shown(name)
        try:
            receipt = from_json(unsealed(text, shown, remedy))
        except ValueError as error:
            raise Damaged(damage(f"{shown} is not a receipt: {error}", remedy)) from None
        _UNDERSTOOD[self._shown, name] = (text, receipt)
        return receipt

    @staticmethod
    @cache
    def _receipt_name(dataset: str, night: date) -> PurePosixPath:
        return PurePosixPath("receipts", dataset, f"{night}.json")
