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
from transforms.night import in_hand, stage
from transforms.read import Export
from transforms.settings import Settings
from transforms.sources.local import Local
from transforms.sources.source import Entry
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
        partition = Partition(file.export.layout.dataset, night, folder)
        key = settings.key or b"inspect"  # the hashes are thrown away
        stage(partition, file, Context(night, settings.market, key))
        receipt = partition.finish()
        rejects = _first(partition.parts / "rejected.parquet", FIRST_REJECTS)
        rows = _first(partition.parts / "rows.parquet", FIRST_ROWS)
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


def _first(path: Path, count: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    if path.exists():
        rows = pq.read_table(path).slice(0, count).to_pylist()
    return rows
