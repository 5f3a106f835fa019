"""CSV that is safe in a spreadsheet: no cell becomes a formula. All commands write CSV this way."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO

from transforms.storage import private

# Also after blanks, quotes and invisible characters, and as the wide forms of a Chinese keyboard.
_LEADING = r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff'\"]*"
_FORMULA = re.compile(rf"{_LEADING}[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def cell(value: Any) -> str:
    """One value as text; null is empty. Text that would be a formula gets a leading '."""
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
        # The csv module does not quote a bare CR, and a reader would start a new row there.
        text = value.replace("\r\n", "\n").replace("\r", "\n")
        return f"'{text}" if is_formula else text
    return repr(value) if isinstance(value, float) else str(value)


def write_rows(file: TextIO, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes `columns` of the rows as CSV."""
    names = list(columns)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(map(cell, names))
    writer.writerows([cell(row[name]) for name in names] for row in rows)


def private_text(path: Path) -> TextIO:
    """Opens a file with mode 0600, even if it exists: rows identify sellers or people."""
    return io.TextIOWrapper(private(path), encoding="utf-8", newline="")
