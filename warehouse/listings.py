"""The listings as they stood on a past night: the rows of the last good census up to it."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import duckdb
import pyarrow.parquet as pq

from transforms.across_rows import listed, quoted
from transforms.errors import ExportMissing, SettingsError
from transforms.lake import Lake, Receipt
from warehouse import rejects

FORMATS = {".csv": "csv, HEADER", ".parquet": "parquet, COMPRESSION zstd", ".json": "json, ARRAY"}
BATCH = 20_000


def census(lake: Lake, day: date) -> Receipt:
    """Receipt of the last night up to `day` whose census of listings counts in full.

    Raises ExportMissing where there is none.
    """
    good = [
        r
        for r in lake.receipts("listings")
        if r["status"] == "ok" and r["extent"] == "census" and r["export_date"] <= f"{day}"
    ]
    if not good:
        raise ExportMissing(f"The lake has no good census of listings up to {day}.")
    return good[-1]


def check_target(path: Path) -> None:
    """Raises SettingsError for another kind of file and for a folder that is not there."""
    if path.suffix not in FORMATS:
        raise SettingsError(f"{path}: write to a file that ends in {', '.join(FORMATS)}")
    rejects.check_target(path)


def write(lake: Lake, receipt: Receipt, path: Path) -> None:
    """Writes the night's listings to a CSV, JSON or Parquet file, which is there whole or not.

    Raises SettingsError as `check_target` does.
    """
    check_target(path)
    part = path.with_name(f".{path.name}.part")
    try:
        with duckdb.connect() as db:
            db.execute("SET memory_limit = '768MB'")
            db.execute("SET TimeZone = 'UTC'")
            db.execute(
                f"COPY (FROM read_parquet({listed(lake.part_paths(receipt, 'rows'))})) "
                f"TO {quoted(part)} (FORMAT {FORMATS[path.suffix]})"
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def print_to(lake: Lake, receipt: Receipt, out: TextIO, as_json: bool) -> None:
    """Writes the night's listings as CSV, or as one JSON array, batch by batch."""
    if not as_json:
        writer = csv.DictWriter(out, _columns(lake, receipt), lineterminator="\n")
        writer.writeheader()
        for rows in _batches(lake, receipt):
            writer.writerows(rows)
        return
    before = "["
    for rows in _batches(lake, receipt):
        for row in rows:
            out.write(before + json.dumps(row, ensure_ascii=False, default=_as_json))
            before = ",\n"
    out.write("[]\n" if before == "[" else "]\n")


def _columns(lake: Lake, receipt: Receipt) -> list[str]:
    return list(pq.read_schema(lake.part_paths(receipt, "rows")[0]).names)


def _batches(lake: Lake, receipt: Receipt) -> Iterator[list[dict[str, Any]]]:
    for path in lake.part_paths(receipt, "rows"):
        for batch in pq.ParquetFile(path).iter_batches(BATCH):
            yield batch.to_pylist()


def _as_json(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)
