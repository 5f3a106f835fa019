"""JSON as a stream of batches of text: an array of objects, an object a line, or the answer of an
API around such an array. An object in a row becomes columns `outer.inner`; lists stay JSON text.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import ijson
import numpy as np
import pandas as pd

from transforms.errors import ExportError
from transforms.read import cell
from transforms.read.count import json_objects
from transforms.read.encoding import as_utf8, encodings, is_guess
from transforms.read.opened import Broken, Candidate, Opened, Rows

BATCH = 50_000  # objects

Objects = Iterator[list[tuple[int, dict[str, Any]]]]


def candidates(path: Path, name: str) -> Iterator[Candidate]:
    """The one table that a JSON file holds.

    The headers are the keys of all its objects, for a key may first come up late; so the file is
    read twice.
    """
    encoding = encodings(path, name)[0]
    with as_utf8(path, encoding) as file:
        where = _where(file, name)
        found: dict[str, None] = {}
        for batch in _batches(file, name, where, []):
            for _, row in batch:
                found.update(dict.fromkeys(row))
        rows_in = json_objects(file, None if where == "item" else _key(where))
    headers = list(found)

    def rows(broken: Broken) -> Rows:
        with as_utf8(path, encoding) as file:
            for batch in _batches(file, name, where, broken):
                if batch:
                    yield _table(batch, headers)

    opened = Opened(headers=headers, rows_in=rows_in, rows=rows)
    if is_guess(encoding):
        opened.warnings["encoding_guessed", None] += rows_in
    yield Candidate(head=[headers], open=lambda _: opened, encoding=encoding)


def _where(file: IO[bytes], name: str) -> str:
    """Where the rows lie, as ijson writes it: `item`, `result.products.item`, or "" for the roots.

    In an API's answer the rows are its first array of objects.
    """
    begins = file.read(1 << 16).lstrip()[:1]
    if begins == b"[":
        return "item"
    if begins != b"{":
        raise ExportError("not_a_list", f"{name} is no list of objects, as an export is.")
    if name.casefold().endswith(".ndjson"):
        return ""
    file.seek(0)
    with _refusing(name):
        before, roots, first_array = "", 0, None
        for prefix, event, _ in ijson.parse(file, multiple_values=True):
            roots += event == "start_map" and prefix == ""
            if roots > 1:
                return ""
            if event == "start_map" and before == "start_array" and first_array is None:
                first_array = prefix
            before = event
    return first_array or ""


def _key(where: str) -> bytes:
    return where.removesuffix(".item").rpartition(".")[2].encode()


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turns the parser's errors into ours."""
    try:
        yield
    except (ijson.JSONError, UnicodeDecodeError) as error:
        # Only the first line: the parser shows the text around the fault, people included, and this
        # message goes into logs, the receipt and the published calendar of nights.
        # Where the bytes are no text, it writes its line ends as two characters.
        fault = re.split(r"\n|\\n", str(error))[0].removeprefix("b'")
        raise ExportError("unreadable", f"{name} cannot be read as JSON: {fault}.") from None


def _batches(file: IO[bytes], name: str, where: str, broken: Broken) -> Objects:
    file.seek(0)
    with _refusing(name):
        values = enumerate(ijson.items(file, where, multiple_values=where == ""), start=1)
        while batch := list(islice(values, BATCH)):
            for number, value in batch:
                if not isinstance(value, dict):
                    broken.append((number, "not an object", cell.text(value) or "null"))
            yield [(n, _flat(value)) for n, value in batch if isinstance(value, dict)]


def _flat(row: dict[str, Any], within: str = "", depth: int = 1) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and depth < cell.DEEPEST:
            flat |= _flat(value, f"{within}{key}.", depth + 1)
        else:
            flat[f"{within}{key}"] = value
    return flat


def _table(
    batch: list[tuple[int, dict[str, Any]]], headers: list[str]
) -> tuple[pd.DataFrame, np.ndarray]:
    columns = {h: [cell.text(row.get(h)) for _, row in batch] for h in headers}
    return pd.DataFrame(columns, dtype="str"), np.array([n for n, _ in batch], dtype=np.int32)
