"""Parquet exports as batches of text; the rows are counted by the file's own footer."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.errors import ExportError
from transforms.read import cell
from transforms.read.opened import Candidate, Opened, Rows
from transforms.unpack import MAX_BYTES

BATCH = 50_000  # rows
MAX_ROWS = 100_000_000
LARGEST_SINGLE = 1 << 24
MAX_BATCH = 1 << 30  # bytes of text in a batch


def candidates(path: Path, name: str) -> Iterator[Candidate]:
    """The one table that a Parquet file holds; structs become columns `outer.inner`."""
    with _file(path, name) as file:
        schema = pa.Table.from_batches([], file.schema_arrow)
        for _ in range(cell.DEEPEST):
            schema = schema.flatten()
        unpacked = sum(file.metadata.row_group(i).total_byte_size
                       for i in range(file.metadata.num_row_groups))  # fmt: skip
        rows_in = file.metadata.num_rows
    if unpacked > MAX_BYTES or rows_in > MAX_ROWS:
        raise ExportError("bomb", f"{name} promises {rows_in:,} rows and was refused.")
    opened = Opened(headers=schema.column_names, rows_in=rows_in, rows=lambda _: _rows(path, name))
    yield Candidate(head=[opened.headers], open=lambda _: opened)


def _rows(path: Path, name: str) -> Rows:
    done = 0
    try:
        with _file(path, name) as file:
            for batch in file.iter_batches(BATCH):
                table = pa.Table.from_batches([batch])
                _refuse_bomb(table, name)
                for _ in range(cell.DEEPEST):
                    table = table.flatten()
                columns = {
                    n: _texts(c) for n, c in zip(table.column_names, table.columns, strict=True)
                }
                lines = np.arange(done + 1, done + 1 + len(table), dtype=np.int32)
                done += len(table)
                yield pd.DataFrame(columns), lines
    except (pa.ArrowException, OSError) as error:
        raise ExportError("damaged", f"{name} is damaged: {_first_line(error)}.") from error


def _texts(column: pa.ChunkedArray) -> pd.Series:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    if any(is_kind(column.type) for is_kind in _AS_TEXT):
        text = pc.cast(column, pa.string())
    elif pa.types.is_float32(kind):
        text = pa.chunked_array([[_single(v) for v in column.to_pylist()]], pa.string())
    else:
        text = pa.chunked_array([[cell.text(v) for v in column.to_pylist()]], pa.string())
    return text.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get)


_AS_TEXT = (
    pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary,
    pa.types.is_integer, pa.types.is_date,
)  # fmt: skip


def _single(value: float | None) -> str | None:
    """A number of single precision keeps seven digits; more of them were made up."""
    is_damaged = value is not None and abs(value) >= LARGEST_SINGLE
    return f"{value:.6E}" if is_damaged else cell.text(value)


def _file(path: Path, name: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(
            path, page_checksum_verification=True, read_dictionary=_text_columns(path)
        )
    except (pa.ArrowException, OSError) as error:
        raise ExportError("damaged", f"{name} is damaged: {_first_line(error)}.") from error


def _text_columns(path: Path) -> list[str]:
    """Columns of text stay dictionaries, so that their size is known before it is taken."""
    schema = pq.read_schema(path)
    return [
        f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)
    ]


def _refuse_bomb(table: pa.Table, name: str) -> None:
    unpacked = 0
    for column in table.columns:
        for chunk in column.chunks:
            if pa.types.is_dictionary(chunk.type) and len(chunk.dictionary):
                lengths = pc.binary_length(chunk.dictionary)
                unpacked += pc.sum(lengths.take(chunk.indices)).as_py() or 0
    if unpacked > MAX_BATCH:
        raise ExportError("bomb", f"{name} unpacks to more than {unpacked >> 20} MiB in "
                          f"{len(table):,} rows and was refused.")  # fmt: skip


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
