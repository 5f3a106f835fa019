"""The function of a piece: reads, corrects, cleans and checks it, and tells the summary."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transforms.check import check
from transforms.clean import CLEANERS, Context, evidence
from transforms.clean.no_row import no_rows
from transforms.contracts import contract
from transforms.corrections import correct, tell_outdated
from transforms.pieces import engines
from transforms.pieces.waiting import Waiting
from transforms.read import Piece
from transforms.read.opened import Noted, Warnings, filled_without_a_name
from transforms.shift import Misfits


@dataclass(frozen=True)
class Job:
    """A piece of a night, and all that its function may know besides.

    `number` counts the pieces of the night; its rows wait in `folder`. `is_explained` says
    that the context holds what the whole file shows.
    """

    number: int
    piece: Piece
    context: Context
    folder: Path
    is_explained: bool = False


@dataclass(frozen=True)
class Made:
    """The summary of a piece: what became of its rows, and what only the whole night can judge.

    `read` counts the rows read, `hashes` is the sum of the hashes of the accepted ones, `flags`
    are the values seen in each flag.
    """

    number: int
    file: str
    read: int
    accepted: int
    reasons: Counter[str]
    value_rejects: Counter[tuple[str, str]]
    noted: Warnings
    misfits: Misfits
    flags: dict[str, set[bool]]
    hashes: int


_latest: list[Context] = []  # of the latest piece, in a process of a pool


def make(job: Job) -> Made | None:
    """Takes a piece from text to rows that wait for the rest of the night; None if it has a value
    that only the whole file explains, and the context does not."""
    piece, context = job.piece, _remembering(job.context)
    dataset, layout = piece.layout.dataset, piece.layout.name
    terms = contract(dataset)
    noted, misfits = Noted(), Misfits(dataset, context)
    warnings: Warnings = Counter()
    value_rejects: Counter[tuple[str, str]] = Counter()
    outdated: list[tuple[Any, ...]] = []  # told once the piece is made: it may be made again
    read = 0
    with Waiting(job.folder, job.number, piece.file, terms) as rows:
        for batch in piece.batches(noted):
            raw, moved = piece.raw_fields(batch.table)
            raw, corrected = correct(
                raw, dataset, layout, context.snapshot_date, lambda *told: outdated.append(told)
            )
            if not job.is_explained and evidence.is_needed(raw, dataset):
                return None
            cleaned = CLEANERS[dataset](raw, context)
            checked = check(cleaned, raw, dataset, no_rows(batch.table, raw, terms))
            rows.add(checked, batch.lines)
            misfits.add(checked.misfits)
            value_rejects.update(checked.value_rejects)
            warnings.update(corrected)
            warnings.update({("label_moved", field): n for field, n in moved.items()})
            warnings.update(cleaned.warnings)
            warnings.update(filled_without_a_name(batch.table))
            read += len(raw)
        for told in outdated:
            tell_outdated(*told)
        rows.reject(noted.broken)
        return Made(
            number=job.number,
            file=piece.file,
            read=read + len(noted.broken),
            accepted=rows.accepted,
            reasons=rows.reasons,
            value_rejects=value_rejects,
            noted=warnings + noted.warnings,
            misfits=misfits,
            flags=dict(rows.flags),
            hashes=rows.hashes,
        )


def _remembering(context: Context) -> Context:
    """The same context, in a process of a pool that of the piece before: it remembers texts."""
    if not engines.is_worker:
        return context
    if _latest != [context]:
        _latest[:] = [context]
    return _latest[0]


def evidence_of(job: Job) -> evidence.Evidence:
    """What a piece shows about the dates and rates of its file."""
    found = evidence.Evidence(job.piece.layout.dataset)
    for batch in job.piece.batches(Noted()):
        found.add(job.piece.raw_fields(batch.table)[0])
    return found
