"""Counting rows on the bytes, apart from the parsers, so that none can be lost unseen."""

import mmap
import re
from pathlib import Path

import numpy as np

from transforms.errors import ExportError

CHUNK = 4 << 20
QUOTE, LINE_FEED, RETURN = 0x22, 0x0A, 0x0D

_JSON_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)


def record_lines(path: Path, name: str) -> np.ndarray:
    """Line (from 1) on which each record of a delimited file begins; empty lines are none.

    A line end counts where the quotes before it are even. Raises ExportError("cut") for a file
    that ends inside a quoted field.
    """
    starts: list[np.ndarray] = []
    quotes = lines = 0
    begins_at, begins_on = 0, 1  # the record being read: its first byte and line
    offset = 0
    last = 0  # byte before this chunk
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            text = np.frombuffer(chunk, dtype=np.uint8)
            ends = np.flatnonzero(text == LINE_FEED)
            quoted = np.flatnonzero(text == QUOTE)
            outside = (np.searchsorted(quoted, ends) + quotes) % 2 == 0
            numbers = lines + 1 + np.flatnonzero(outside)  # line that each record end stands on
            if outside.any():
                record_ends = ends[outside] + offset
                firsts = np.concatenate([[begins_at], record_ends[:-1] + 1])
                on = np.concatenate([[begins_on], numbers[:-1] + 1]).astype(np.int32)
                lengths = record_ends - firsts
                previous = ends[outside] - 1
                before = np.where(previous >= 0, text[previous], last)
                empty = (lengths == 0) | ((lengths == 1) & (before == RETURN))
                starts.append(on[~empty])
                begins_at, begins_on = int(record_ends[-1]) + 1, int(numbers[-1]) + 1
            quotes += len(quoted)
            lines += len(ends)
            offset += len(text)
            last = int(text[-1])
    if quotes % 2:
        raise ExportError("cut", f"{name} ends inside a quoted field: ask for it again.")
    if offset > begins_at:
        starts.append(np.array([begins_on], dtype=np.int32))
    return np.concatenate(starts) if starts else np.empty(0, dtype=np.int32)


def json_objects(path: Path) -> int:
    """Objects in the outermost array of a JSON file, counted by its brackets."""
    depth = count = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        for token in _JSON_TOKEN.finditer(text):
            mark = token[0][:1]
            if mark in b"{[":
                count += depth == 1
                depth += 1
            elif mark in b"}]":
                depth -= 1
    return count
