"""CSV for people: a spreadsheet that opens it takes no cell for a formula. Every command's rule."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO

from transforms.storage import private

# Also behind blanks, quotes and what nobody sees, and in the wide forms of a Chinese keyboard.
_LEADING = r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff'\"]*"
_FORMULA = re.compile(rf"{_LEADING}[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def cell(value: Any) -> str:
    """One value as text; null is empty. A leading ' keeps text that would be a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return cell(json.dumps(value, ensure_ascii=False, default=str))
    if isinstance(value, str):
        is_formula = _FORMULA.match(value) and not _NUMBER.fullmatch(value)
        # The csv module leaves a bare CR unquoted, and a reader would begin a row at it.
        text = value.replace("\r\n", "\n").replace("\r", "\n")
        return f"'{text}" if is_formula else text
    return repr(value) if isinstance(value, float) else str(value)


def write_rows(file: TextIO, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows by the names of `columns` as CSV."""
    names = list(columns)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(map(cell, names))
    writer.writerows([cell(row[name]) for name in names] for row in rows)


def private_text(path: Path) -> TextIO:
    """A file for its owner alone, whatever it was before: rows of single sellers or people."""
    return io.TextIOWrapper(private(path), encoding="utf-8", newline="")
