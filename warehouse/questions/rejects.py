"""Rejected rows for the operator. They hold text as delivered, with personal data."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from transforms.contracts import Column, contract
from transforms.errors import SettingsError
from transforms.lake import Lake, Receipt
from transforms.layouts import layouts
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


def deleted(lake: Lake, datasets: tuple[str, ...], night: date | None) -> int:
    """How many nights have rejected rows that retention has deleted."""
    return sum(
        bool(r.rows.rejected) and not any(p.part == "rejected" for p in lake.kept_parts(r))
        for dataset in datasets
        for r in lake.receipts(dataset)
        if night in (None, r.export_date)
    )


def for_sender(
    lake: Lake, datasets: tuple[str, ...], night: date | None, reason: str | None
) -> list[dict[str, Any]]:
    """The same rows for whoever sent them: where each is, what is wrong and what is expected.

    It holds no text of the rows, and so no personal data.
    """
    headers = {
        (r.dataset, f"{r.export_date}"): _headers(r) for d in datasets for r in lake.receipts(d)
    }
    found = []
    for row in rejected(lake, datasets, night, reason):
        of = contract(row["dataset"]).by_name.get(row["column"] or "")
        column = headers[row["dataset"], row["export_date"]].get(row["column"], row["column"])
        found.append(
            {
                "dataset": row["dataset"],
                "night": row["export_date"],
                "file": row["source_file"],
                "line": row["source_row"],
                "column": column,
                "problem": row["reason"].removeprefix(f"{row['column']}: "),
                "expected": _expected(of) if of else None,
            }
        )
    return found


def _headers(receipt: Receipt) -> dict[str | None, str]:
    """The header of each field in the night's files."""
    names = (receipt.layout or "").split("+")
    absent = set(receipt.drift.missing_columns)
    return {
        field: min(there)
        for layout in layouts(receipt.dataset)
        if layout.name in names
        for field, source in layout.columns.items()
        if (there := source.all_headers() - absent)
    }


def _expected(column: Column) -> str:
    """What a contract asks of a column, in words."""
    asked = ["a value in every row"] if column.required else []
    if column.values:
        asked.append("one of " + ", ".join(column.values))
    if column.min_length is not None:
        asked.append(f"at least {column.min_length} characters")
    if column.max_length is not None:
        asked.append(f"at most {column.max_length} characters")
    if column.min is not None:
        asked.append(f"at least {column.min:g}")
    if column.above is not None:
        asked.append(f"more than {column.above:g}")
    if column.max is not None:
        asked.append(f"at most {column.max:g}")
    if column.pattern:
        asked.append(f"text like {column.pattern}")
    return ", ".join([column.doc.rstrip("."), *asked])


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
