"""The listings as they stood on a past night: the rows of the last good census up to it."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import pyarrow.parquet as pq

from transforms import engine
from transforms.engine import listed, quoted
from transforms.errors import ExportMissing, SettingsError
from transforms.lake import Lake, Receipt
from transforms.visible import visible
from warehouse import spreadsheet
from warehouse.cli import terminal
from warehouse.questions import rejects

FORMATS = {".csv": "csv", ".parquet": "parquet, COMPRESSION zstd", ".json": "json, ARRAY"}
BATCH = 20_000


def census(lake: Lake, day: date) -> Receipt:
    """Receipt of the last night up to `day` whose census of listings counts in full.

    Raises ExportMissing where there is none.
    """
    good = [r for r in lake.receipts("listings") if r.is_good and r.export_date <= day]
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

    The file is for its owner alone: it tells of single sellers.

    Raises SettingsError as `check_target` does.
    """
    check_target(path)
    part = path.with_name(f".{path.name}.part")
    try:
        spreadsheet.private_text(part).close()
        if path.suffix == ".csv":
            with part.open("w", encoding="utf-8", newline="") as file:
                spreadsheet.write_rows(file, _columns(lake, receipt), _rows(lake, receipt))
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


def print_to(lake: Lake, receipt: Receipt, out: TextIO, as_json: bool) -> None:
    """Writes the night's listings as CSV, or as one JSON array, for a terminal too."""
    if not as_json:
        shown = ({k: _shown(v) for k, v in row.items()} for row in _rows(lake, receipt))
        spreadsheet.write_rows(out, _columns(lake, receipt), shown)
        return
    before = "["
    for row in _rows(lake, receipt):
        out.write(before + terminal.as_json(row, default=_as_json))
        before = ",\n"
    out.write("[]\n" if before == "[" else "]\n")


def _columns(lake: Lake, receipt: Receipt) -> list[str]:
    return list(pq.read_schema(lake.part_paths(receipt, "rows")[0]).names)


def _rows(lake: Lake, receipt: Receipt) -> Iterator[dict[str, Any]]:
    for path in lake.part_paths(receipt, "rows"):
        for batch in pq.ParquetFile(path).iter_batches(BATCH):
            yield from batch.to_pylist()


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value


def _as_json(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)
