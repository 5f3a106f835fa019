"""A JSON array of objects as a stream of batches of text; nested values stay JSON text."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import ijson
import numpy as np
import pandas as pd

from transforms.errors import ExportError
from transforms.read.count import json_objects
from transforms.read.delimited import UTF8_BOM
from transforms.read.opened import Broken, Opened

BATCH = 50_000  # objects


def open_table(path: Path, name: str, broken: Broken) -> Opened:
    """Opens a JSON file whose outermost value is an array of objects.

    The headers are the keys of all its objects, for a key may first come up late; so the file is
    read twice.
    """
    with path.open("rb") as file:
        encoding = "utf-8-sig" if file.read(3) == UTF8_BOM else "utf-8"
    with path.open(encoding=encoding, errors="replace") as text:
        if text.read(1 << 16).lstrip()[:1] != "[":
            raise ExportError("not_a_list", f"{name} is no list of objects, as an export is.")
    found: dict[str, None] = {}
    for batch in _batches(path, name, []):
        for _, row in batch:
            found.update(dict.fromkeys(row))
    headers = list(found)
    rows = (_table(batch, headers) for batch in _batches(path, name, broken) if batch)
    return Opened(headers=headers, rows_in=json_objects(path), rows=rows, encoding=encoding)


def _batches(path: Path, name: str, broken: Broken) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    try:
        with path.open("rb") as file:
            if file.read(3) != UTF8_BOM:
                file.seek(0)
            values = enumerate(ijson.items(file, "item"), start=1)
            while batch := list(islice(values, BATCH)):
                for number, value in batch:
                    if not isinstance(value, dict):
                        broken.append((number, "not an object", _text(value) or "null"))
                yield [(number, value) for number, value in batch if isinstance(value, dict)]
    except (ijson.JSONError, UnicodeDecodeError) as error:
        # Only the first line: the parser shows the text around the fault, people included, and this
        # message goes into logs, the receipt and the published calendar of nights.
        # Where the bytes are no text, it writes its line ends as two characters.
        fault = re.split(r"\n|\\n", str(error))[0].removeprefix("b'")
        raise ExportError("unreadable", f"{name} cannot be read as JSON: {fault}.") from None


def _table(
    batch: list[tuple[int, dict[str, Any]]], headers: list[str]
) -> tuple[pd.DataFrame, np.ndarray]:
    columns = {h: [_text(row.get(h)) for _, row in batch] for h in headers}
    return pd.DataFrame(columns, dtype="str"), np.array([n for n, _ in batch], dtype=np.int32)


def _text(value: Any) -> str | None:
    """JSON text of a value, but strings as they are; numbers keep every digit."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
