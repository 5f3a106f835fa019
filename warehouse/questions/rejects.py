"""Rejected rows for the operator. They hold text as delivered, with personal data."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from transforms.errors import SettingsError
from transforms.lake import Lake
from warehouse import spreadsheet


def rejected(
    lake: Lake, datasets: tuple[str, ...], night: date | None, reason: str | None
) -> list[dict[str, Any]]:
    """Rejected rows of one night or of all: file, line, column, reason, value, row as text."""
    found = []
    for dataset in datasets:
        for receipt in lake.receipts(dataset):
            if night and receipt.export_date != night:
                continue
            for path in lake.part_paths(receipt, "rejected"):
                for row in pq.read_table(path).to_pylist():
                    if reason is None or reason in row["reason"]:
                        found.append(
                            {"export_date": f"{receipt.export_date}", "dataset": dataset, **row}
                        )
    return found


def check_target(path: Path) -> None:
    """Raises SettingsError if `path` is a folder or in a folder that does not exist."""
    if not path.parent.is_dir():
        raise SettingsError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise SettingsError(f"{path} is a folder: name a file")


def write_csv(rows: list[dict[str, Any]], path: Path) -> None:
    """Writes them to a file that only its owner can read."""
    with spreadsheet.private_text(path) as file:
        if rows:
            spreadsheet.write_rows(file, rows[0], rows)
