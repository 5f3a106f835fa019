"""Parquet exports as batches of text; the file's footer gives the row count."""

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.deliveries.unpack import MAX_BYTES
from transforms.errors import ExportError
from transforms.read import cell, opened
from transforms.read.limited import answer_of_child
from transforms.read.opened import MOST_COLUMNS, Candidate, Noted, Rows

BATCH = 50_000  # rows
MOST_CELLS = 4 << 20  # of a batch
MAX_ROWS = 100_000_000
MANY_ROWS, ROWS_A_BYTE = 1_000_000, 10  # an id alone takes more than a tenth of a byte
MANY_CELLS, CELLS_A_BYTE = 100_000_000, 20
LARGEST_SINGLE = 1 << 24
MAX_BATCH = 1 << 30  # bytes of text in a batch
MAX_PIECE = 64 << 20  # of them that are taken at a time
LONGEST_TEXT = 16 << 20
MOST_ELEMENTS = 5_000_000  # of the lists of a batch


def candidates(
    path: Path, name: str, declared: Sequence[str] = (), scratch: Path | None = None
) -> Iterator[Candidate]:
    """The table of a Parquet file; structs become columns `outer.inner`."""
    with _file(path, name) as file:
        pieces = _cut(path, name, file.metadata)
        schema = pa.Table.from_batches([], file.schema_arrow)
        for _level in range(cell.DEEPEST):
            schema = schema.flatten()
        unpacked = sum(
            file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups)
        )
        rows_in = file.metadata.num_rows
        cells = rows_in * len(schema.column_names)
    size = path.stat().st_size
    is_empty = (rows_in > MANY_ROWS and rows_in > ROWS_A_BYTE * size) or (
        cells > MANY_CELLS and cells > CELLS_A_BYTE * size
    )
    if unpacked > MAX_BYTES or rows_in > MAX_ROWS or is_empty:
        raise ExportError("bomb", f"{name} claims to hold {rows_in:,} rows and was refused.")
    headers = schema.column_names
    if len(headers) > MOST_COLUMNS:
        raise ExportError("too_wide", f"{name} has {len(headers):,} columns and was refused.")
    with tempfile.TemporaryFile() as nothing:
        answer_of_child("parquet", path, name, nothing)
    table = opened.Opened(headers=headers, rows_in=rows_in, pieces=pieces)
    yield Candidate(head=[headers], open=lambda _: table)


def _cut(path: Path, name: str, metadata: pq.FileMetaData) -> list[partial[Rows]]:
    """Pieces of row groups that follow one another."""
    pieces, groups, size, rows, before = [], [], 0, 0, 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        groups.append(number)
        size, rows = size + group.total_byte_size, rows + group.num_rows
        if size >= opened.PIECE:
            pieces.append(partial(_rows, path, name, groups, before))
            groups, size, rows, before = [], 0, 0, before + rows
    if groups or not pieces:
        pieces.append(partial(_rows, path, name, groups, before))
    return pieces


def _rows(path: Path, name: str, groups: list[int], done: int, noted: Noted) -> Rows:
    """The rows of some row groups, after those that are done."""
    try:
        with _file(path, name) as file:
            instants = _int96(file)
            wide = len(file.schema_arrow.names)
            for batch in file.iter_batches(
                min(BATCH, MOST_CELLS // max(wide, 1)), row_groups=groups
            ):
                whole = pa.Table.from_batches([batch])
                pieces = 1 + _text_bytes(whole, name) // MAX_PIECE
                rows = -(-len(whole) // pieces)
                for table in (whole.slice(i, rows) for i in range(0, len(whole), max(rows, 1))):
                    for _ in range(cell.DEEPEST):
                        table = table.flatten()
                    columns = {n: _texts(table[n], n in instants) for n in table.column_names}
                    lines = np.arange(done + 1, done + 1 + len(table), dtype=np.int32)
                    done += len(table)
                    yield pd.DataFrame(columns), lines
    except (pa.ArrowException, OSError) as error:
        raise ExportError("damaged", f"{name} is damaged: {_first_line(error)}.") from error


def _int96(file: pq.ParquetFile) -> frozenset[str]:
    """Columns of the old type in which Spark writes instants, always in UTC."""
    columns = (file.schema.column(i) for i in range(len(file.schema.names)))
    return frozenset(c.path for c in columns if c.physical_type == "INT96")


def _texts(column: pa.ChunkedArray, is_instant: bool) -> pd.Series:
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks])
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if any(is_kind(kind) for is_kind in _AS_TEXT):
        text = pc.cast(column, pa.string())
    elif pa.types.is_fixed_size_binary(kind):
        text = pc.cast(pc.cast(column, pa.binary()), pa.string())
    elif pa.types.is_decimal(kind):
        text = _decimals(column)
    elif pa.types.is_timestamp(kind):
        text = _times(column, is_instant)
    else:
        read = _single if pa.types.is_float32(kind) or pa.types.is_float16(kind) else cell.text
        text = pa.chunked_array([[read(v) for v in column.to_pylist()]], pa.string())
    found: pd.Series = text.to_pandas(
        types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get
    )
    return found


_AS_TEXT = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_integer,
    pa.types.is_date,
)


def _decimals(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Every digit, unlike in a float; only trailing zeros after the point are dropped."""
    # Arrow writes what is below a millionth with an exponent, and 0 of many decimals too.
    text = pc.replace_substring_regex(pc.cast(column, pa.string()), r"^0E-\d+$", "0")
    has_exponent = pc.match_substring(text, "E")
    if pc.any(has_exponent).as_py():
        plain = pa.array([f"{d.as_py():f}" for d in column.filter(has_exponent)], pa.string())
        text = pc.replace_with_mask(text.combine_chunks(), has_exponent.combine_chunks(), plain)
    text = pc.replace_substring_regex(text, r"\.0+$", "")
    # As cell.with_point.
    return pc.replace_substring_regex(text, r"^(-?\d{1,3}\.\d{3})$", r"\10")


def _times(column: pa.ChunkedArray, is_instant: bool) -> pa.ChunkedArray:
    """`2019-03-05 00:00:00`, with `Z` where it is an instant: midnight is a time like others."""
    is_utc = is_instant or column.type.tz is not None
    text = pc.cast(pc.cast(column, pa.timestamp("us"), safe=False), pa.string())
    text = pc.replace_substring_regex(text, r"\.0+$", "")
    return pc.binary_join_element_wise(text, "Z", "") if is_utc else text


def _single(value: float | None) -> str | None:
    """A single-precision number keeps seven digits; any further ones are not real."""
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


def _text_bytes(table: pa.Table, name: str) -> int:
    """Bytes of text that a batch unpacks to. Raises ExportError("bomb") beyond the limits."""
    unpacked = longest = elements = 0
    for column in table.columns:
        for chunk in column.chunks:
            if pa.types.is_dictionary(chunk.type) and len(chunk.dictionary):
                lengths = pc.binary_length(chunk.dictionary)
                longest = max(longest, pc.max(lengths).as_py() or 0)
                unpacked += pc.sum(lengths.take(chunk.indices)).as_py() or 0
            elif pa.types.is_nested(chunk.type):
                elements += _elements(chunk)
            else:
                unpacked += chunk.nbytes
    if unpacked > MAX_BATCH or longest > LONGEST_TEXT or elements > MOST_ELEMENTS:
        raise ExportError(
            "bomb",
            f"{name} unpacks to {unpacked >> 20:,} MiB and lists of "
            f"{elements:,} values in {len(table):,} rows: refused.",
        )
    return int(unpacked)


def _elements(array: pa.Array) -> int:
    """Values in lists, however deep."""
    if pa.types.is_struct(array.type):
        return sum(_elements(array.field(i)) for i in range(array.type.num_fields))
    if pa.types.is_nested(array.type) and hasattr(array, "values"):
        return len(array.values) + _elements(array.values)
    return 0


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
