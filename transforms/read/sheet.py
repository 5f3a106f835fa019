"""What both kinds of workbook share: limits, and the rows of a sheet as batches of text."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from transforms.errors import ExportError
from transforms.read import cell
from transforms.read.opened import Opened, Rows, column_names

HEADER_ROWS = 20
BATCH = 50_000  # rows
MOST_CELLS = 24 << 20  # of the rectangle that a sheet's cells span; a gigabyte in memory
MOST_ROWS = 1 << 20
MOST_CELLS_IN_A_ROW = 16_384  # as many columns as a spreadsheet has

Line = tuple[int, list[Any]]  # the number beside a row, and its cells


def lines_as_rows(
    lines: Iterator[Line], headers: list[str], header_row: int, opened: Opened
) -> Rows:
    """The rows under the header that hold anything; damaged numbers are warned of."""
    columns = column_names(headers)
    damaged: Counter[tuple[str, str | None]] = Counter()
    batch: list[list[str | None]] = []
    numbers: list[int] = []
    for number, row in lines:
        if number <= header_row or all(value is None or value == "" for value in row):
            continue
        if len(row) > len(columns):
            columns += [f"(column {i})" for i in range(len(columns) + 1, len(row) + 1)]
        for column, value in zip(columns, row, strict=False):
            if cell.is_damaged(value):
                damaged["damaged_number", column] += 1
        batch.append([cell.text(value) for value in row])
        numbers.append(number)
        if len(batch) == BATCH:
            yield _table(batch, columns), np.array(numbers, dtype=np.int32)
            batch, numbers = [], []
    if batch:
        yield _table(batch, columns), np.array(numbers, dtype=np.int32)
    opened.warnings |= damaged


def _table(batch: list[list[str | None]], columns: list[str]) -> pd.DataFrame:
    whole = [row + [None] * (len(columns) - len(row)) for row in batch]
    return pd.DataFrame(whole, columns=columns, dtype="str")


def refuse_area(name: str, rows: int, columns: int) -> None:
    """Raises ExportError("bomb") for a sheet whose cells span more than memory should hold."""
    if rows > MOST_ROWS or columns > MOST_CELLS_IN_A_ROW or rows * columns > MOST_CELLS:
        raise ExportError(
            "bomb", f"{name} spans {rows:,} rows of {columns:,} cells and was refused: ask for it "
            "as CSV."
        )  # fmt: skip


def encrypted(name: str) -> ExportError:
    """The refusal of a workbook under a password."""
    return ExportError(
        "encrypted", f"{name} is protected by a password: ask for it without one, or save it "
        "without one. Nothing of it was loaded."
    )  # fmt: skip
