"""Inspects one file without loading it: how the pipeline reads it, or a draft layout for it."""

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from transforms import draft as drafting
from transforms.clean import Context
from transforms.deliveries.exports import ExportFile
from transforms.deliveries.landing import land
from transforms.deliveries.unpack import unpack
from transforms.lake import gates
from transforms.lake.partition import Partition
from transforms.lake.receipt import Receipt
from transforms.pieces.chosen import engine_of
from transforms.read import Export
from transforms.settings import Settings
from transforms.sources.local import Local
from transforms.sources.source import Entry
from transforms.staging import in_hand, stage
from transforms.visible import visible

FIRST_REJECTS, FIRST_ROWS = 5, 3


@dataclass(frozen=True)
class Inspection:
    """How the pipeline reads one file, with its first rejected and first clean rows.

    `held` says why a night with only this file would not count.
    """

    export: Export
    receipt: Receipt
    first_rejects: list[dict[str, Any]]
    first_rows: list[dict[str, Any]]
    held: str | None


def inspect(path: Path, dataset: str | None, night: date, settings: Settings) -> Inspection:
    """Reads, cleans and checks one file and throws the result away. Raises ExportError.

    Relative dates count back from `night`.
    """
    delivered = _delivered(path, dataset)
    with tempfile.TemporaryDirectory(prefix="outlook-") as name:
        folder = Path(name)
        landed = land(delivered, night, folder)
        file = in_hand(landed, folder, dataset, settings.market.encoding)
        name_of_it = file.export.layout.dataset
        key = settings.key or b"inspect"  # the hashes are thrown away
        with engine_of(settings, delivered.name, folder) as engine:
            partition = Partition(name_of_it, night, folder, engine)
            stage(partition, [file], Context(night, settings.market, key))
            receipt = partition.finish()
        rejects = _first(receipt, "rejected", partition.parts, FIRST_REJECTS)
        rows = _first(receipt, "rows", partition.parts, FIRST_ROWS)
    held = gates.judge(receipt, (), 1, None, {}).reason
    return Inspection(file.export, receipt, rejects, rows, held)


def draft(path: Path, dataset: str | None, settings: Settings) -> str | None:
    """A draft layout for a file that fits none; None if it holds no table."""
    file = _delivered(path, dataset)
    with tempfile.TemporaryDirectory(prefix="outlook-") as name:
        folder = Path(name)
        plain = unpack(land(file, date.today(), folder), folder)
        return drafting.draft(plain.path, plain.name, dataset, settings.market)


def _delivered(path: Path, dataset: str | None) -> ExportFile:
    source, name = Local(path.parent), path.name
    return ExportFile(source, name, visible(name), dataset, None, Entry(name))


def _first(receipt: Receipt, part: str, folder: Path, count: int) -> list[dict[str, Any]]:
    """The first rows of a part, which may be several files."""
    rows: list[dict[str, Any]] = []
    for path in (folder / p.path for p in receipt.parts if p.part == part):
        for batch in pq.ParquetFile(path).iter_batches(count):
            rows += batch.to_pylist()
            if len(rows) >= count:
                return rows[:count]
    return rows
