"""JSON as a stream of batches of text: an array of objects, an object a line, or the answer of an
API around such an array. An object in a row becomes columns `outer.inner`; lists stay JSON text.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from transforms.errors import ExportError
from transforms.read import cell, opened
from transforms.read.encoding import Guess, as_utf8, copied_as_utf8, encodings, is_guess
from transforms.read.json_scan import RowList, Shape, shape
from transforms.read.opened import MOST_COLUMNS, Candidate, Noted, Rows

BATCH = 50_000  # objects
MOST_CELLS = 4 << 20  # of a batch
MAX_DIGITS = 15  # of a number with a point or exponent: more of them were rounded by who wrote it
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ERROR = {"error", "errors", "error_response", "errorresponse", "fault", "exception"}
_CODE = ("code", "error_code", "errcode", "errorcode", "sub_code", "status_code")
_MESSAGE = ("msg", "message", "sub_msg", "error_message", "errmsg", "error_msg")
_IS_CODE = re.compile(r"[\w.-]{1,60}")
# A message of plain words; one with digits or signs may hold a key or name a person.
_IS_PLAIN = re.compile(r"[A-Za-z][A-Za-z ,.'-]{,80}")
_BLANKS = re.compile(r"[ \t\r\n]*")

Objects = Iterator[tuple[int, Any]]


def candidates(
    path: Path, name: str, declared: Sequence[str] = (), scratch: Path | None = None
) -> Iterator[Candidate]:
    """The tables that a JSON file holds: one, or those of an API's answer. With a scratch folder,
    a file in another encoding is copied once, and cut and read from there.

    The headers are the keys of all its objects, for a key may first come up late; so the file is
    read twice.
    """
    guess = encodings(path, name, declared)[0]
    copy = None
    if scratch and guess.encoding != "utf-8":
        copy = copied_as_utf8(path, guess.encoding, scratch)
    read_as = "utf-8" if copy else guess.encoding
    with as_utf8(copy or path, read_as) as file:
        if file.read(1 << 16).lstrip()[:1] not in (b"[", b"{"):
            raise ExportError(
                "not_a_list", f"{name} is not a list of objects, so it is not an export."
            )
        found = shape(file, name, by_root=name.casefold().endswith((".ndjson", ".jsonl")))
    for rows in found.lists:
        # In an answer around several lists, the one that fits a layout is told by its headers.
        said = f"list {rows.path}" if len(found.lists) > 1 else ""
        whole = _Stretch(copy or path, name, read_as, found.by_root, rows.spans)
        yield _candidate(whole, guess, rows, found, said, copy)


@dataclass(frozen=True)
class _Stretch:
    """Spans of a list, or of a file's roots, that follow one another: their bytes, and how many
    rows are before each."""

    path: Path
    name: str
    encoding: str
    by_root: bool
    spans: Sequence[tuple[int, int, int]]
    headers: Sequence[str] = ()

    def objects(self) -> Objects:
        """The values, numbered from the first of the list."""
        with as_utf8(self.path, self.encoding) as file:
            for begin, end, before in self.spans:
                yield from _objects(file, begin, end, before, self.by_root, self.name)

    def __call__(self, noted: Noted) -> Rows:
        batch: list[tuple[int, dict[str, Any]]] = []
        for number, value in self.objects():
            if isinstance(value, dict):
                batch.append((number, _flat(value)))
            else:
                noted.broken.append((number, "not an object", _text(value) or "null"))
            if len(batch) >= min(BATCH, MOST_CELLS // max(len(self.headers), 1)):
                yield _table(batch, self.headers)
                batch = []
        if batch:
            yield _table(batch, self.headers)

    def cut(self) -> "list[_Stretch]":
        """The same spans in several stretches."""
        found: list[_Stretch] = []
        spans: list[tuple[int, int, int]] = []
        for span in self.spans:
            spans.append(span)
            if span[1] - spans[0][0] >= opened.PIECE:
                found.append(replace(self, spans=spans))
                spans = []
        return [*found, replace(self, spans=spans)] if spans or not found else found


def _candidate(
    whole: _Stretch, guess: Guess, rows: RowList, of: Shape, said: str, copy: Path | None
) -> Candidate:
    found: dict[str, None] = {}
    for _, value in whole.objects():
        if isinstance(value, dict):
            found.update(dict.fromkeys(_flat(value)))
        if len(found) > MOST_COLUMNS:
            raise ExportError(
                "too_wide",
                f"{whole.name} has objects with more than {MOST_COLUMNS:,} different keys, "
                "more than any export. Nothing was loaded.",
            )
    whole = replace(whole, headers=list(found))
    # Whoever reads another encoding makes a copy, and reads it whole.
    pieces = whole.cut() if whole.encoding == "utf-8" else [whole]
    table = opened.Opened(headers=list(found), rows_in=rows.rows, pieces=pieces, copy=copy)
    if is_guess(guess.encoding):
        table.warnings["encoding_guessed", None] += rows.rows
    return Candidate(
        head=[list(found)],
        open=lambda _: table,
        encoding=guess.encoding,
        is_certain=guess.is_certain,
        instead=_error(of.root),
        where=said,
        size=rows.rows,
    )


def _error(root: dict[str, Any]) -> str:
    """The error that an API's answer reports; empty for any other object."""
    said: dict[str, Any] = {}
    for value in (root, *(v for v in root.values() if isinstance(v, dict))):
        said = {str(k).casefold(): v for k, v in value.items()} | said
    is_coded = not said.keys().isdisjoint(_CODE) and not said.keys().isdisjoint(_MESSAGE)
    if said.keys().isdisjoint(_ERROR) and not is_coded:
        return ""
    codes = (f"{said.get(key, '')}" for key in _CODE)
    code = next((f" {c}" for c in codes if _IS_CODE.fullmatch(c)), "")
    messages = (f"{said.get(key, '')}" for key in _MESSAGE)
    words = next((f", “{m}”" for m in messages if _IS_PLAIN.fullmatch(m)), "")
    return f"the answer of a failed API call: error{code}{words}"


def _objects(
    file: IO[bytes], begin: int, end: int, before: int, by_root: bool, name: str
) -> Objects:
    """The values between two bytes, numbered after those before."""
    text = os.pread(file.fileno(), end - begin, begin).decode()
    odd = _SURROGATE.search(text) is not None
    try:
        values = _roots(text) if by_root else _DECODER.decode(f"[{text}]")
        for number, value in enumerate(values, before + 1):
            yield number, _whole(value) if odd else value
    except json.JSONDecodeError as error:
        # Leave out the text around the fault: logs and receipts must not hold personal data.
        raise ExportError(
            "unreadable",
            f"{name} cannot be read as JSON: {error.msg}, near byte "
            f"{begin + error.pos:,}. Nothing was loaded: request a new delivery.",
        ) from None
    except _KeyTwiceError as error:
        raise ExportError(
            "duplicate_headers",
            f"{name} has the key {error} twice in one object. Nothing was "
            "loaded, since it is unclear which of them counts: request a new delivery.",
        ) from None


def _roots(text: str) -> Iterator[Any]:
    at = _BLANKS.match(text).end()  # type: ignore[union-attr]
    while at < len(text):
        value, at = _DECODER.raw_decode(text, at)
        yield value
        at = _BLANKS.match(text, at).end()  # type: ignore[union-attr]


class _KeyTwiceError(Exception):
    """A key occurs twice in an object: one of its values would be lost."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise _KeyTwiceError(next(key for key, count in counts.items() if count > 1))
    return made


def _constant(word: str) -> str | None:
    """Reads `NaN`, which Python and pandas write for unknown values and JSON does not allow."""
    return None if word == "NaN" else word


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=Decimal, parse_constant=_constant
)


def _whole(value: Any) -> Any:
    """Replaces lone surrogates, which are not text, with question marks."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_whole(v) for v in value]
    if isinstance(value, dict):
        return {_whole(k): _whole(v) for k, v in value.items()}
    return value


def _flat(row: dict[str, Any], within: str = "", depth: int = 1) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and depth < cell.DEEPEST:
            flat |= _flat(value, f"{within}{key}.", depth + 1)
        else:
            flat[f"{within}{key}"] = value
    return flat


def _text(value: Any) -> str | None:
    """A number with a point or exponent has passed through a float, with its rounding."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        is_exact = value.adjusted() < MAX_DIGITS
        return str(int(value)) if is_exact else f"{value:.{MAX_DIGITS - 1}E}"
    return cell.text(value)


def _table(
    batch: list[tuple[int, dict[str, Any]]], headers: Sequence[str]
) -> tuple[pd.DataFrame, np.ndarray]:
    columns = {
        h: [v if type(v := row.get(h)) is str else _text(v) for _, row in batch] for h in headers
    }
    return pd.DataFrame(columns, dtype="str"), np.array([n for n, _ in batch], dtype=np.int32)
