"""One night of one dataset, from delivery to receipt: the only module that joins the steps.

It lands the files, has their parts made (`staging`), and commits them. The same bytes, code and key
make the same parts: a hash proves it.
"""

import hmac
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import TypeVar

from transforms import DATASETS
from transforms.clean import Context
from transforms.code import code_version
from transforms.deliveries import exports
from transforms.deliveries.exports import Delivery
from transforms.deliveries.landing import Landed, land, landed_path
from transforms.errors import Damaged, ExportError, SourceUnreachable
from transforms.lake import DamagedPart, Lake, history
from transforms.lake.commit import commit, commit_absence
from transforms.lake.partition import Partition
from transforms.lake.receipt import Receipt, Source, new_receipt
from transforms.lake.seen import changed as changed
from transforms.lake.seen import look
from transforms.lease import scratch
from transforms.pieces.chosen import engine_of
from transforms.read.opened import PIECE
from transforms.settings import Settings
from transforms.staging import InHand, Progress, in_hand, stage
from transforms.storage import damage, disk_fault, sha256, sha256_of
from transforms.visible import visible

log = logging.getLogger(__name__)

GATES = ("strict", "off")
MOST_NAMED = 5
LARGE = PIECE // 6  # bytes of a delivered file that is likely to be cut, once it is unpacked

T = TypeVar("T")


def run(
    dataset: str,
    night: date,
    settings: Settings,
    gate: str = "strict",
    progress: Progress | None = None,
) -> Receipt:
    """Loads a night's export of one dataset and updates the history; returns its receipt.

    A night without a delivery, or with an unreadable one, has a receipt too (status missing or
    refused). Loading the same bytes again changes nothing. With the gate off, a night that the
    gates would hold passes, and the receipt records it.
    """
    lake = Lake(settings.place)
    attempt = load(dataset, night, settings, progress)
    with lake.lock(dataset):
        settle(lake, dataset, settings)
        receipt = lake.receipt(dataset, night)
        is_held_now = receipt and receipt.status == "held" and receipt.content == attempt.content
        if gate == "off" and receipt and is_held_now:
            _release(lake, receipt, by="--gate", reason="--gate off")
            settle(lake, dataset, settings)
            receipt = lake.receipt(dataset, night)
    # Report an unreadable delivery, even if an older one still counts in the lake.
    outcome = attempt if attempt.status == "refused" or receipt is None else receipt
    if outcome.is_usable:  # of any other night the caller tells, with what to do
        log.info(summary(outcome))
    return outcome


def load(
    dataset: str,
    night: date,
    settings: Settings,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> Receipt:
    """Loads a night's export into the lake without judging it; `settle` does that.

    Returns the receipt of this attempt. A dry run reads, cleans and checks, and writes nothing.
    """
    lake = Lake(settings.place)
    refused: Receipt | None = None
    before = lake.sound_receipt(dataset, night)
    with scratch(settings.work, f"{dataset}-{night}") as folder:
        attempt = Attempt(dataset, night, settings, folder, progress, dry_run)
        found, seen = look(settings, dataset, night, keep=not dry_run)
        for delivery, opened in attempt.deliveries(found):
            own = folder / f"r{delivery.revision}"
            own.mkdir()
            receipt = replace(attempt, folder=own).read(delivery, opened, lake)
            receipt = replace(receipt, listed=seen)
            if receipt.status != "refused":
                # A broken delivery never replaces a readable one.
                if not dry_run:
                    receipt = commit(lake, receipt, own / "parts", own, before)
                return refused or receipt
            refused = refused or receipt
        outcome = refused or replace(new_receipt(dataset, night, "missing"), listed=seen)
        if not dry_run and (refused or not is_to_come(night, settings)):
            commit_absence(lake, outcome)
        return outcome


def is_to_come(night: date, settings: Settings) -> bool:
    """Whether a night lies in the future. As a missing one it would be the newest for good, where
    somebody mistyped a date."""
    tomorrow = settings.market.local_day(datetime.now(UTC)) + timedelta(days=1)
    return night > tomorrow  # a clock may be wrong by some hours


def settle(lake: Lake, dataset: str, settings: Settings, thorough: bool = False) -> None:
    """Judges every night, updates the history, and repairs any damaged part on the way.

    Call with the dataset's lock held. Raises Damaged if a part cannot be made again, SettingsError
    if the nights are of another market.
    """
    lake.hold_to_market(settings.market.code)
    mended(lambda: history.settle(lake, dataset, settings, thorough), lake, settings)


def release(night: date, settings: Settings, by: str, reason: str) -> list[str]:
    """Releases the held datasets of a night, for their present content; returns which."""
    lake = Lake(settings.place)
    released = []
    for dataset in DATASETS:
        with lake.lock(dataset):
            receipt = lake.receipt(dataset, night)
            if receipt and receipt.status == "held":
                _release(lake, receipt, by, reason)
                settle(lake, dataset, settings)
                released.append(dataset)
    return released


def summary(receipt: Receipt) -> str:
    """The outcome of a night as one line for a log or a terminal."""
    rows = receipt.rows
    head = f"{receipt.dataset} {receipt.export_date} {receipt.status}"
    if rows.in_ is None:
        return f"{head}: {receipt.reason or 'nothing was delivered'}"
    why = f" ({receipt.reason})" if receipt.reason else ""
    return (
        f"{head}{why}: {rows.in_:,} rows in, {rows.accepted:,} accepted, "
        f"{rows.rejected:,} rejected, {rows.duplicate:,} duplicate"
    )


def mended(read: Callable[[], T], lake: Lake, settings: Settings) -> T:
    """The result of `read`, after making any damaged part again.

    Call with the locks of its datasets held. Raises Damaged if a part cannot be made again.
    """
    tried: set[str] = set()
    while True:
        try:
            return read()
        except DamagedPart as found:
            if f"{found}" in tried:
                raise Damaged(
                    damage(f"{found}", "it was made again and is damaged again")
                ) from found
            tried.add(f"{found}")
            _mend(lake, found, settings)


@dataclass(frozen=True)
class Attempt:
    """One attempt to read a night: what its steps share; `folder` is its scratch."""

    dataset: str
    night: date
    settings: Settings
    folder: Path
    progress: Progress | None = None
    dry_run: bool = False

    @property
    def landing(self) -> Path:
        return self.folder if self.dry_run else self.settings.landing

    def deliveries(self, there: list[Delivery]) -> list[tuple[Delivery, dict[str, InHand]]]:
        """The night's deliveries that hold the dataset, the one that counts first, with the files
        that it had to open to identify their dataset."""
        found = [self._told_apart(d) for d in there]
        opened = {delivery.revision: files for delivery, files in found}
        holding = [d for d, _ in found if d.of(self.dataset) or d.problems_of(self.dataset)]
        return [(d, opened[d.revision]) for d in exports.in_order(holding)]

    def _told_apart(self, delivery: Delivery) -> tuple[Delivery, dict[str, InHand]]:
        """Opens files whose dataset neither manifest nor name tells: the layout decides."""
        files, opened = [], {}
        for file in delivery.files:
            if file.dataset is None and not file.problem:
                try:
                    landed = land(file, self.night, self.landing)
                    found = in_hand(landed, self.folder, None, self.settings.market.encoding)
                    file = replace(file, dataset=found.export.layout.dataset)
                    opened[file.name] = found
                except ExportError as error:
                    what = "%s belongs to no known dataset and was ignored: %s"
                    log.info(what, visible(file.name), error)
            files.append(file)
        return replace(delivery, files=tuple(files)), opened

    def read(self, delivery: Delivery, opened: Mapping[str, InHand], lake: Lake) -> Receipt:
        """The receipt of one delivery, with its parts in `folder/parts`; refused if it is broken.

        Content that is already in the lake is not read again.
        """
        began = time.monotonic()
        receipt = self._of_delivery(new_receipt(self.dataset, self.night), delivery)
        try:
            self._refuse_incomplete(delivery)
            landed = [
                opened[f.name].landed if f.name in opened else land(f, self.night, self.landing)
                for f in delivery.of(self.dataset)
            ]
            if not self.dry_run:
                lake.hold_to_key(self.settings.hashing_key())
                lake.hold_to_market(self.settings.market.code)
            content = content_of(landed, self.settings)
            old = lake.sound_receipt(self.dataset, self.night)
            if old and old.content == content and lake.is_whole(old) and not self.dry_run:
                return self._of_delivery(old, delivery)
            made = replace(self.parts(landed, opened), content=content)
            receipt = self._of_delivery(replace(made, started_at=receipt.started_at), delivery)
        except ExportError as error:
            if disk_fault(error):
                raise  # what came may be whole
            receipt = replace(receipt, status="refused", reason=f"{error.code}: {error}")
        return replace(receipt, seconds=round(time.monotonic() - began, 3))

    def parts(self, landed: list[Landed], opened: Mapping[str, InHand]) -> Receipt:
        """Writes the parts into `folder/parts`; returns their receipt.

        Raises ExportError if a file cannot be read as the dataset.
        """
        market = self.settings.market
        context = Context(self.night, market, self.settings.hashing_key())
        files = (
            opened.get(one.name) or in_hand(one, self.folder, self.dataset, market.encoding)
            for one in landed
        )
        with engine_of(self.settings, f"{self.dataset} {self.night}", self.folder) as engine:
            if any(one.bytes > LARGE for one in landed):
                engine.get_ready()
            partition = Partition(self.dataset, self.night, self.folder, engine)
            stage(partition, files, context, self.progress)
            return partition.finish()

    def _refuse_incomplete(self, delivery: Delivery) -> None:
        for problem in delivery.problems_of(self.dataset):
            raise ExportError("manifest", problem)
        if absent := exports.absent_of(delivery, self.dataset):
            more = len(absent) - MOST_NAMED
            some = ", ".join(absent[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
            raise ExportError("incomplete", f"the manifest lists {some}, which was not delivered")

    def _of_delivery(self, receipt: Receipt, delivery: Delivery) -> Receipt:
        # A delivery has a whole day: it is on time until the night after the next begins.
        zone = self.settings.market.time_zone
        due = datetime.combine(self.night + timedelta(days=2), clock(0), tzinfo=zone)
        return replace(
            receipt,
            revision=delivery.revision,
            exported_at=delivery.exported_at,
            is_late=bool(delivery.exported_at and delivery.exported_at >= due),
        )


def content_of(landed: list[Landed], settings: Settings) -> str:
    """Name of a partition's content: the bytes, rules and key that it was made from."""
    key = hmac.new(settings.hashing_key(), b"content", "sha256").hexdigest()
    made_of = [code_version(), settings.market.code, key, *sorted(x.sha256 for x in landed)]
    return sha256_of("\n".join(made_of))


def _release(lake: Lake, receipt: Receipt, by: str, reason: str) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    told = {"content": receipt.content, "by": by, "reason": reason, "at": at}
    lake.write_release(receipt.dataset, receipt.export_date, told)


def _mend(lake: Lake, found: DamagedPart, settings: Settings) -> None:
    """Makes a damaged part again, with the rest of its night."""
    receipt = found.receipt
    dataset, night = receipt.dataset, receipt.export_date
    again = f"put the night's delivery in {settings.exports} and run `outlook run --date {night}`"
    with scratch(settings.work, f"mend-{dataset}-{night}") as folder:
        try:
            whole = [x for s in receipt.sources if (x := landed_bytes(s, night, settings))]
        except SourceUnreachable as error:
            raise Damaged(damage(f"{found}, and its delivery is out of reach", again)) from error
        if len(whole) < len(receipt.sources):
            what = f"{found}, and the delivered bytes that it was made from are gone or damaged too"
            raise Damaged(damage(what, again))
        if receipt.content is None or content_of(whole, settings) != receipt.content:
            what = f"{found}, and the code, the market or the key has changed since it was made"
            raise Damaged(damage(what, again))
        made = Attempt(dataset, night, settings, folder).parts(whole, {})
        if _hashes(made) != _hashes(receipt):
            raise Damaged(damage(f"{found}, and made again it differs", again))
        target = lake.partition(dataset, night, receipt.content)
        lake.put(folder / "parts", target, dataset, folder)
    log.warning("%s. The part was made again from the delivered bytes.", found)


def landed_bytes(source: Source, night: date, settings: Settings) -> Landed | None:
    """The bytes of one source of a receipt: the landed file, else the delivered one."""
    path = landed_path(settings.landing / f"{night}", source.name, source.sha256)
    if path.is_file() and sha256(path) == source.sha256:
        return Landed(source.name, path, source.bytes, source.sha256, None)
    for delivery in exports.deliveries(settings.exports, night):
        for file in delivery.files:
            if file.name == source.name and not file.problem:
                with suppress(ExportError):
                    landed = land(file, night, settings.landing)
                    if landed.sha256 == source.sha256:
                        return landed
    return None


def _hashes(receipt: Receipt) -> list[tuple[str, str, str]]:
    return [(p.part, Path(p.path).name, p.sha256) for p in receipt.parts]
