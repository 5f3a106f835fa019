"""JSON as a stream of batches of text: an array of objects, an object a line, or the answer of an
API around such an array. An object in a row becomes columns `outer.inner`; lists stay JSON text.
"""

import mmap
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
from transforms.read.count import json_rows
from transforms.read.encoding import as_utf8, encodings, is_guess
from transforms.read.opened import Broken, Candidate, Opened, Rows

BATCH = 50_000  # objects
MOST_LISTS = 20  # of an answer
LONGEST_NUMBER = 1_000  # digits
DEEPEST_LIST = 200
_HARMFUL = re.compile(rb"[0-9]{%d}|(?:\[\s*){%d}" % (LONGEST_NUMBER, DEEPEST_LIST))

Objects = Iterator[list[tuple[int, dict[str, Any]]]]


def candidates(path: Path, name: str) -> Iterator[Candidate]:
    """The tables that a JSON file holds: one, or those of an API's answer.

    The headers are the keys of all its objects, for a key may first come up late; so the file is
    read twice.
    """
    encoding = encodings(path, name)[0]
    with as_utf8(path, encoding) as file:
        _refuse_harmful(file, name)
        places = _places(file, name)
    for where in places:
        # In an answer around several lists, the one that fits a layout is told by its headers.
        said = f"list {where}" if len(places) > 1 else ""
        yield _candidate(path, name, encoding, where, said)


def _candidate(path: Path, name: str, encoding: str, where: str, said: str) -> Candidate:
    with as_utf8(path, encoding) as file:
        found: dict[str, None] = {}
        for batch in _batches(file, name, where, []):
            for _, row in batch:
                found.update(dict.fromkeys(row))
        rows_in = json_rows(file, None if where == "item" else _key(where))
    headers = list(found)

    def rows(broken: Broken) -> Rows:
        with as_utf8(path, encoding) as file:
            for batch in _batches(file, name, where, broken):
                if batch:
                    with _refusing(name):
                        table = _table(batch, headers)
                    yield table

    opened = Opened(headers=headers, rows_in=rows_in, rows=rows)
    if is_guess(encoding):
        opened.warnings["encoding_guessed", None] += rows_in
    return Candidate(
        head=[headers], open=lambda _: opened, encoding=encoding, where=said, size=rows_in
    )


def _refuse_harmful(file: IO[bytes], name: str) -> None:
    """Long numbers kill the parser; lists in lists in lists eat the memory."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if _HARMFUL.search(text):
            raise ExportError(
                "unreadable", f"{name} holds a number of more than {LONGEST_NUMBER:,} digits or "
                f"{DEEPEST_LIST} lists in one another: ask for it again."
            )  # fmt: skip


def _places(file: IO[bytes], name: str) -> list[str]:
    """Where rows may lie, as ijson writes it: `item`, `result.products.item`, or "" for the roots.

    In an API's answer that is every list of objects which lies in no other.
    """
    file.seek(0)
    begins = file.read(1 << 16).lstrip()[:1]
    if begins == b"[":
        return ["item"]
    if begins != b"{":
        raise ExportError("not_a_list", f"{name} is no list of objects, as an export is.")
    if name.casefold().endswith(".ndjson"):
        return [""]
    file.seek(0)
    with _refusing(name):
        before, roots, lists = "", 0, dict[str, None]()
        for prefix, event, _ in ijson.parse(file, multiple_values=True):
            roots += event == "start_map" and prefix == ""
            if roots > 1:
                return [""]
            if event == "start_map" and before == "start_array":
                inside = any(prefix == of or prefix.startswith(f"{of}.") for of in lists)
                if not inside:
                    lists[prefix] = None
            before = event
    return list(lists)[:MOST_LISTS] or [""]


def _key(where: str) -> bytes:
    return where.removesuffix(".item").rpartition(".")[2].encode()


class _Object(dict[str, Any]):
    """An object that remembers a key which stands in it twice: one of its values would be lost.

    It cannot raise, for the parser would not notice.
    """

    twice: str | None = None

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self:
            self.twice = key
        super().__setitem__(key, value)


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turns the parser's errors into ours."""
    try:
        yield
    except (ijson.JSONError, UnicodeDecodeError, RecursionError) as error:
        # Only the first line: the parser shows the text around the fault, people included, and this
        # message goes into logs, the receipt and the published calendar of nights.
        # Where the bytes are no text, it writes its line ends as two characters.
        fault = re.split(r"\n|\\n", str(error))[0].removeprefix("b'")
        raise ExportError("unreadable", f"{name} cannot be read as JSON: {fault}.") from None


def _batches(file: IO[bytes], name: str, where: str, broken: Broken) -> Objects:
    file.seek(0)
    with _refusing(name):
        values = enumerate(
            ijson.items(file, where, multiple_values=where == "", map_type=_Object), start=1
        )
        while batch := list(islice(values, BATCH)):
            for number, value in batch:
                if not isinstance(value, dict):
                    broken.append((number, "not an object", cell.text(value) or "null"))
            yield [(n, _flat(value, name)) for n, value in batch if isinstance(value, dict)]


def _flat(row: dict[str, Any], name: str, within: str = "", depth: int = 1) -> dict[str, Any]:
    if twice := getattr(row, "twice", None):
        raise ExportError(
            "duplicate_headers", f"{name} has the key {twice} twice in one object. Nothing of it "
            "was loaded, for which of them counts is not known: ask for it again."
        )  # fmt: skip
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and depth < cell.DEEPEST:
            flat |= _flat(value, name, f"{within}{key}.", depth + 1)
        else:
            flat[f"{within}{key}"] = value
    return flat


def _table(
    batch: list[tuple[int, dict[str, Any]]], headers: list[str]
) -> tuple[pd.DataFrame, np.ndarray]:
    columns = {h: [cell.text(row.get(h)) for _, row in batch] for h in headers}
    return pd.DataFrame(columns, dtype="str"), np.array([n for n, _ in batch], dtype=np.int32)
