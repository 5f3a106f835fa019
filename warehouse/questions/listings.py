"""The listings as they stood on a past night: rows of the last good census up to that date."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from transforms import engine
from transforms.engine import listed, quoted
from transforms.errors import ExportMissing, SettingsError
from transforms.lake import Lake, Receipt
from warehouse import spreadsheet
from warehouse.questions import rejects

FORMATS = {".csv": "csv", ".parquet": "parquet, COMPRESSION zstd", ".json": "json, ARRAY"}
BATCH = 20_000


def census(lake: Lake, day: date) -> Receipt:
    """Receipt of the last good census of listings up to `day`.

    Raises ExportMissing if there is none.
    """
    good = [r for r in lake.receipts("listings") if r.is_good and r.export_date <= day]
    if not good:
        raise ExportMissing(f"The lake has no good census of listings up to {day}.")
    return good[-1]


def check_target(path: Path) -> None:
    """Raises SettingsError for an unknown file ending or a folder that does not exist."""
    if path.suffix not in FORMATS:
        raise SettingsError(f"{path}: write to a file that ends in {', '.join(FORMATS)}")
    rejects.check_target(path)


def write(lake: Lake, receipt: Receipt, path: Path) -> None:
    """Writes the night's listings atomically to a CSV, JSON or Parquet file.

    Only its owner can read the file: it identifies sellers.

    Raises SettingsError as `check_target` does.
    """
    check_target(path)
    part = path.with_name(f".{path.name}.part")
    try:
        spreadsheet.private_text(part).close()
        if path.suffix == ".csv":
            with part.open("w", encoding="utf-8", newline="") as file:
                spreadsheet.write_rows(file, columns(lake, receipt), rows(lake, receipt))
            part.replace(path)
            return
        with engine.in_memory() as db:
            db.execute(
                f"COPY (FROM read_parquet({listed(lake.part_paths(receipt, 'rows'))})) "
                f"TO {quoted(part)} (FORMAT {FORMATS[path.suffix]}, USE_TMP_FILE false)"
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def columns(lake: Lake, receipt: Receipt) -> list[str]:
    """Column names of that night's listings."""
    return list(pq.read_schema(lake.part_paths(receipt, "rows")[0]).names)


def rows(lake: Lake, receipt: Receipt) -> Iterator[dict[str, Any]]:
    """That night's listings, read in batches to bound memory."""
    for path in lake.part_paths(receipt, "rows"):
        for batch in pq.ParquetFile(path).iter_batches(BATCH):
            yield from batch.to_pylist()
