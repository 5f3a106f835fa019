"""Shared by both kinds of workbook: the stream of rows, and refusals."""

import marshal
from datetime import datetime
from typing import IO, Any

LONGEST_TEXT = 1 << 20  # characters; a spreadsheet allows 32,767
MOST_COLUMNS = 2_000
PIECE = 500  # rows that are written together
NUMBERS = "I"  # of rows
PLACES = "Q"  # row and column, both from 1, in one number

Sheet = dict[str, Any]
Row = list[Any]


class Refusal(Exception):
    """(code, message) of the error that the caller raises."""


def write(rows: Any, out: IO[bytes]) -> list[int]:
    """Writes the rows that hold anything, each with its number; returns the columns (from 1) in
    which any moment is not midnight. A day is a tuple of one text, for which of both it is."""
    times: set[int] = set()
    piece: list[tuple[int, Row]] = []
    for number, row in rows:
        if all(value is None or value == "" for value in row):
            continue
        if len(row) > MOST_COLUMNS:
            raise too_wide()
        piece.append((number, [_plain(v, i, times) for i, v in enumerate(row, 1)]))
        if len(piece) == PIECE:
            _write_piece(piece, out)
            piece = []
    if piece:
        _write_piece(piece, out)
    _write_piece([], out)
    return sorted(times)


def _write_piece(piece: list[tuple[int, Row]], out: IO[bytes]) -> None:
    """Writes the length and then the rows; at the end, only the length 0."""
    content = marshal.dumps(piece) if piece else b""
    out.write(len(content).to_bytes(8, "little") + content)


def _plain(value: Any, column: int, times: set[int]) -> Any:
    if value is None or type(value) in (float, int, bool):
        return value
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise Refusal("bomb", f"has a cell of {len(value):,} characters")
        return value
    if hasattr(value, "hour") and hasattr(value, "year"):
        assert isinstance(value, datetime)
        if any((value.hour, value.minute, value.second, value.microsecond)):
            times.add(column)
            return value.isoformat(sep=" ")
        return (value.date().isoformat(),)
    if hasattr(value, "year"):
        return (value.isoformat(),)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def too_wide() -> Refusal:
    return Refusal("too_wide", f"has rows of more than {MOST_COLUMNS:,} cells")
