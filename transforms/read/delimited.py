"""Delimited text as a stream of batches; the header is the first record."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from transforms.errors import ExportError
from transforms.read.count import record_lines
from transforms.read.opened import Broken, Opened

BLOCK = 16 << 20  # also the longest record that is read
UTF8_BOM = b"\xef\xbb\xbf"
TEXT = {pa.string(): pd.StringDtype(na_value=np.nan)}


def open_table(path: Path, name: str, broken: Broken) -> Opened:
    """Opens a CSV file in UTF-8, with or without a byte order mark."""
    with path.open("rb") as file:
        encoding = "utf-8-sig" if file.read(3) == UTF8_BOM else "utf-8"
    lines = record_lines(path, name)
    try:
        with path.open(encoding=encoding, newline="") as text:
            headers = next(csv.reader(text, strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise ExportError("encoding", f"{name} is not UTF-8 text: {error}.") from error
    # The header record may itself run over several lines.
    header_lines = int(lines[1] - 1) if len(lines) > 1 else int(lines[0]) if len(lines) else 0
    return Opened(
        headers=headers,
        rows_in=max(len(lines) - 1, 0),
        rows=_rows(path, name, headers, lines[1:], header_lines, broken),
        encoding=encoding,
        delimiter=",",
        header_row=int(lines[0]) if len(lines) else 1,
    )


def _rows(
    path: Path, name: str, headers: list[str], lines: np.ndarray, skip: int, broken: Broken
) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
    if not len(lines):
        return
    columns = [h or f"column {i}" for i, h in enumerate(headers, 1)]
    out_of_shape: list[int] = []

    def note(row: pacsv.InvalidRow) -> str:
        position = row.number - skip - 1
        out_of_shape.append(position)
        line = int(lines[position]) if position < len(lines) else 0
        reason = f"fields: {row.actual_columns} instead of {row.expected_columns}"
        broken.append((line, reason, row.text))
        return "skip"

    done = 0
    try:
        reader = pacsv.open_csv(
            path,
            read_options=pacsv.ReadOptions(
                block_size=BLOCK, use_threads=False, column_names=columns, skip_rows=skip
            ),
            parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
            ),
        )
        for batch in reader:
            wanted = batch.num_rows
            # Records out of shape stand between the others; the lines must stay with theirs.
            span = np.arange(done, min(len(lines), done + wanted + len(out_of_shape)))
            positions = span[~np.isin(span, out_of_shape)][:wanted]
            if len(positions) < wanted:
                break
            done = int(positions[-1]) + 1 if wanted else done
            out_of_shape[:] = [p for p in out_of_shape if p >= done]
            yield batch.to_pandas(types_mapper=TEXT.get), lines[positions]
    except pa.ArrowInvalid as error:
        code = "encoding" if "UTF8" in str(error) else "unreadable"
        raise ExportError(code, f"{name} cannot be read: {error}.") from error
