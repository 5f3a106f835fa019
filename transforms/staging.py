"""From landed files to the parts of a night: every file is opened, cut, and made piece by piece.

What needs the whole file is merged from the summaries of its pieces, and decided here.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from transforms.clean import Context, evidence
from transforms.deliveries.landing import Landed
from transforms.deliveries.unpack import unpack
from transforms.lake.partition import Partition
from transforms.lake.receipt import Source, Warned
from transforms.pieces.make import Job, Made, evidence_of, make
from transforms.read import Export, open_export
from transforms.read.promised import hold_to_counts, refuse_new_columns
from transforms.shift import Misfits
from transforms.storage import sha256

Progress = Callable[[int], None]

MOST_IN_HAND = 2  # files that were unpacked or copied: each takes room on the disk


@dataclass(frozen=True)
class InHand:
    """A landed file, opened; `unpacked` is the file inside, if it was packed."""

    landed: Landed
    export: Export
    unpacked: Path | None
    unpacked_sha256: str

    @property
    def made(self) -> list[Path]:
        """What was made to read it."""
        return [path for path in (self.unpacked, self.export.copy) if path]

    def let_go(self) -> None:
        """Removes what was made to read it."""
        for path in self.made:
            path.unlink()


def in_hand(landed: Landed, folder: Path, dataset: str | None, encoding: str | None) -> InHand:
    """Opens a landed file, after unpacking it into `folder` if packed. Raises ExportError."""
    plain = unpack(landed, folder)
    export = open_export(plain.path, plain.name, dataset, encoding, folder)
    if plain.path == landed.path:
        return InHand(landed, export, None, landed.sha256)
    return InHand(landed, export, plain.path, sha256(plain.path))


def stage(
    partition: Partition,
    files: Iterable[InHand],
    context: Context,
    progress: Progress | None = None,
) -> None:
    """Makes the pieces of the files, in order, and adds them to the partition.

    Raises ExportError if the rows of a file are not those promised, or are under wrong headers.
    """
    of: deque[tuple[InHand, Job]] = deque()
    left = iter(files)

    def jobs() -> Iterator[Job | None]:
        number = 0
        while True:
            while len({id(file) for file, _ in of if file.made}) >= MOST_IN_HAND:
                yield None
            if (file := next(left, None)) is None:
                return
            refuse_new_columns(file.export, partition.contract)
            partition.engine.expect(len(file.export.pieces))
            own = replace(context, zone=file.export.layout.zone)  # with one memory for the file
            for piece in file.export.pieces:
                number += 1
                of.append((file, Job(number, piece, own, partition.folder)))
                yield of[-1][1]

    done: list[tuple[Job, Made | None]] = []
    for made in partition.engine.map(make, jobs()):
        file, job = of.popleft()
        done.append((job, made))
        if made and progress:
            progress(made.read)
        if len(done) == len(file.export.pieces):
            _add(partition, file, _explained(partition, done, progress), context)
            file.let_go()
            done = []


def _explained(
    partition: Partition, done: list[tuple[Job, Made | None]], progress: Progress | None
) -> list[Made]:
    """All pieces of a file. Those that need what the whole file shows are made again with it."""
    unexplained = [job for job, made in done if made is None]
    if unexplained:
        found = evidence.Evidence(partition.contract.dataset)
        for shown in partition.engine.map(evidence_of, [job for job, _ in done]):
            found.merge(shown)
        partition.note(found.contradictions())
        known = replace(unexplained[0].context, evidence=found.decided())
        unexplained = [replace(job, context=known, is_explained=True) for job in unexplained]
    again = {}
    for job, made in zip(unexplained, partition.engine.map(make, unexplained), strict=True):
        assert made
        again[job.number] = made
        if progress:
            progress(made.read)
    return [made or again[job.number] for job, made in done]


def _add(partition: Partition, file: InHand, made: list[Made], context: Context) -> None:
    """Adds a file to the partition, if it is what it seems."""
    export, landed = file.export, file.landed
    read = sum(one.read for one in made)
    reasons = sum((one.reasons for one in made), Counter[str]())
    misfits = Misfits(partition.contract.dataset, replace(context, zone=export.layout.zone))
    for one in made:
        misfits.merge(one.misfits)
    misfits.refuse_shifted(export.file, read)
    hold_to_counts(export, read, landed.promised_rows)
    partition.note(export.warnings)
    unread = [Warned("unread_form", *told) for told in misfits.unread(read)]
    of_file = (landed.name, landed.bytes, landed.sha256, file.unpacked_sha256)
    source = Source(*of_file, export.rows_in, dict(sorted(reasons.items())))
    partition.add(export, source, made, unread)
