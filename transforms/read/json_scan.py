"""The shape of a JSON file by its bytes alone, in one pass and little memory: how deep it is, how
long its texts are, where its lists of objects lie, and how many rows each has.

It runs before any parser, because a parser needs memory in proportion to the nesting of a hostile
file, and it counts rows independently, so that none is lost unnoticed.
"""

import json
import os
from dataclasses import dataclass, field
from itertools import pairwise
from typing import IO, Any

import numpy as np

from transforms.errors import ExportError

CHUNK = 4 << 20
DEEPEST = 64  # objects and lists in one another
LONGEST_TEXT = 16 << 20  # bytes
LONGEST_ROW = 8 << 20  # bytes; as objects they take up to fifty times as much
LONGEST_NUMBER = 500  # digits
MOST_LISTS = 20  # of an answer that are looked at
MOST_OUTSIDE = 50_000  # objects and lists outside of any list of rows
MOST_SKELETON = 4 << 20  # bytes outside of the lists
LONGEST_KEY = 200

_QUOTE, _OBJECT, _LIST, _CLOSE, _COMMA, _BACKSLASH = 1, 2, 3, 4, 5, 0x5C
_KINDS = np.zeros(256, dtype=np.uint8)
for _byte, _kind in {'"': 1, "{": 2, "[": 3, "}": 4, "]": 4, ",": 5}.items():
    _KINDS[ord(_byte)] = _kind
_STEPS = np.array([0, 0, 1, 1, -1, 0], dtype=np.int8)


@dataclass
class RowList:
    """A list of rows: its `path` ("result.products"), its first byte, and spans of a few million
    bytes that each hold whole rows, with the number of rows before each."""

    path: str
    begins: int
    rows: int = 0
    ends: int = 0
    spans: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass
class Shape:
    """What a file holds: lists of rows, or objects one after the other (`by_root`)."""

    lists: list[RowList]
    by_root: bool
    root: dict[str, Any]  # the object around the lists, which are empty in it


def shape(file: IO[bytes], name: str, by_root: bool) -> Shape:
    """Raises ExportError: bomb (too deep, too long), unreadable (not in balance)."""
    scan = _Scan(file, name, by_root)
    scan.run()
    if scan.roots > 1 and not by_root:
        return shape(file, name, by_root=True)
    return scan.result()


class _Scan:
    """The state between two chunks of a file."""

    def __init__(self, file: IO[bytes], name: str, by_root: bool) -> None:
        self.fd, self.name, self.by_root = file.fileno(), name, by_root
        self.size = os.fstat(self.fd).st_size
        self.depth = self.odd = self.slashes = self.text_from = 0
        self.roots = self.outside = 0
        self.tail = np.empty(0, dtype=np.int64)  # the last two quotes
        self.stack: list[tuple[int, int, int]] = []  # kind of each open container, its key's quotes
        self.lists: list[RowList] = []
        self.level: int | None = None  # depth within the list of rows that is open
        self.last = self.span_from = 0  # end of the last row; of the last span
        self.ended = self.before = 0  # rows that have ended; those before the span
        self.undecided: int | None = None  # a list whose first value is not known yet
        if by_root:
            self.lists.append(RowList("", 0))

    def run(self) -> None:
        at = 0
        while chunk := os.pread(self.fd, CHUNK, at):
            self._feed(chunk, at)
            at += len(chunk)
            if self.roots > 1 and not self.by_root:
                return
        if self.depth or self.odd:
            raise self._unreadable("it is cut short")
        if self.by_root:
            self._end_of_list(at)

    def result(self) -> Shape:
        if not self.lists:
            whole = RowList("", 0, self.roots, self.size, [(0, self.size, 0)])
            if self.size > LONGEST_ROW:
                raise self._bomb(f"an object of {self.size >> 20} MiB")
            return Shape([whole], True, self._skeleton([]))
        root = {} if self.by_root else self._skeleton(self.lists)
        return Shape(self.lists[:MOST_LISTS], self.by_root, root)

    def _feed(self, chunk: bytes, offset: int) -> None:
        text = np.frombuffer(chunk, dtype=np.uint8)
        kinds = _KINDS[text]
        at = np.flatnonzero(kinds)
        kind = kinds[at]
        if b"\\" in chunk or self.slashes:
            escaped = self._escaped(text, at[kind == _QUOTE])
            if len(escaped):
                keep = ~np.isin(at, escaped)
                at, kind = at[keep], kind[keep]
        is_quote = kind == _QUOTE
        odd = (np.cumsum(is_quote) + self.odd) & 1
        self._refuse_long_numbers(chunk, at, odd)
        quotes = at[is_quote] + offset
        self._refuse_long_texts(quotes, offset + len(chunk))
        self.odd = int(odd[-1]) if len(odd) else self.odd
        outside = ~is_quote & (odd == 0)
        at, kind = at[outside] + offset, kind[outside]
        depth = self.depth + np.cumsum(_STEPS[kind], dtype=np.int64)
        if len(depth):
            self.depth = int(depth[-1])
            if depth.max() > DEEPEST:
                raise self._bomb(f"objects or lists more than {DEEPEST} deep in one another")
            if depth.min() < 0:
                raise self._unreadable("it closes a bracket that it has not opened")
        if self.by_root:
            ends = at[(depth == 0) & (kind == _CLOSE)] + 1
            self.lists[0].rows += int(((depth == 1) & (kind == _OBJECT)).sum())
            self._cut(ends, 0)
        else:
            self._walk(at, kind, depth, np.concatenate([self.tail, quotes]))
        self.tail = np.concatenate([self.tail, quotes])[-2:]
        if (self.by_root or self.level is not None) and offset + len(
            chunk
        ) > self.last + LONGEST_ROW:
            raise self._bomb(f"a row of more than {LONGEST_ROW >> 20} MiB")

    def _escaped(self, text: np.ndarray, quotes: np.ndarray) -> np.ndarray:
        """The quotes before which an odd number of backslashes stands."""
        slashes = np.flatnonzero(text == _BACKSLASH)
        places = np.arange(len(slashes))
        begins = np.ones(len(slashes), dtype=bool)
        begins[1:] = np.diff(slashes) > 1
        first = np.maximum.accumulate(np.where(begins, places, 0)) if len(slashes) else places
        # Backslashes that end at each; those at the end of the chunk before count on.
        runs = places - first + 1 + np.where(slashes[first] == 0, self.slashes, 0)
        before = self.slashes
        if len(slashes) and slashes[-1] == len(text) - 1:
            self.slashes = int(runs[-1])
        else:
            self.slashes = 0
        after_one = quotes[np.isin(quotes - 1, slashes)]
        escaped = after_one[runs[np.searchsorted(slashes, after_one - 1)] % 2 == 1]
        at_start = len(quotes) and quotes[0] == 0 and before % 2 == 1
        return np.concatenate([[0], escaped]) if at_start else escaped

    def _refuse_long_numbers(self, chunk: bytes, at: np.ndarray, odd: np.ndarray) -> None:
        """Long numbers kill the parser; a number at the edge of two chunks is half as long here."""
        edges = np.concatenate([[-1], at, [len(chunk)]])
        is_outside = np.concatenate([[self.odd], odd]) == 0
        for gap in np.flatnonzero((np.diff(edges) > LONGEST_NUMBER) & is_outside):
            words = chunk[edges[gap] + 1 : edges[gap + 1]].split()
            if max(map(len, words), default=0) > LONGEST_NUMBER:
                raise self._bomb(f"a number of more than {LONGEST_NUMBER} digits")

    def _refuse_long_texts(self, quotes: np.ndarray, end: int) -> None:
        edges = np.concatenate([[self.text_from], quotes]) if self.odd else quotes
        closes = edges[1::2]
        longest = int((closes - edges[: 2 * len(closes) : 2]).max()) if len(closes) else 0
        if len(edges) % 2:
            self.text_from = int(edges[-1])
            longest = max(longest, end - self.text_from)
        if longest > LONGEST_TEXT:
            raise self._bomb(f"a text of more than {LONGEST_TEXT >> 20} MiB")

    def _walk(
        self, at: np.ndarray, kind: np.ndarray, depth: np.ndarray, quotes: np.ndarray
    ) -> None:
        """Follows containers one by one outside of lists of rows, and skips through those."""
        solid = np.flatnonzero(kind != _COMMA)
        here = 0
        while here < len(at):
            if self.undecided is not None:
                if kind[here] == _OBJECT:
                    self._begin_list(self.undecided, int(depth[here]) - 1)
                self.undecided = None
            if self.level is not None:
                end = _first_below(depth, here, self.level)
                commas = (kind[here:end] == _COMMA) & (depth[here:end] == self.level)
                self.lists[-1].rows += int(commas.sum())
                self._cut(at[here:end][commas], 1)
                if end < len(at):
                    self._end_of_list(int(at[end]))
                here = end + 1
                continue
            place = np.searchsorted(solid, here)
            if place == len(solid):
                return
            here = int(solid[place])
            self._step(int(at[here]), int(kind[here]), int(depth[here]), quotes)
            here += 1

    def _step(self, at: int, kind: int, depth: int, quotes: np.ndarray) -> None:
        self.outside += 1
        if self.outside > MOST_OUTSIDE:
            raise self._bomb(f"more than {MOST_OUTSIDE:,} objects outside of any list of rows")
        if kind == _CLOSE:
            self.stack.pop()
            return
        if depth == 1:
            self.roots += 1
        place = int(np.searchsorted(quotes, at))
        key = (int(quotes[place - 2]), int(quotes[place - 1])) if place > 1 else (0, 0)
        self.stack.append((kind, *key))
        if kind == _LIST and depth == 1:
            self._begin_list(at, 1)
        elif kind == _LIST:
            self.undecided = at

    def _begin_list(self, at: int, level: int) -> None:
        self.lists.append(RowList(self._path(), at))
        self.level, self.last, self.span_from = level, at, at + 1
        self.ended = self.before = 0

    def _end_of_list(self, at: int) -> None:
        """Ends the last row, which no comma follows."""
        rows = self.lists[-1]
        rows.ends = at
        if at - self.last > LONGEST_ROW:
            raise self._bomb(f"a row of more than {LONGEST_ROW >> 20} MiB")
        is_blank = not os.pread(self.fd, at - self.span_from, self.span_from).strip()
        if not is_blank:
            rows.spans.append((self.span_from, at, self.before))
            rows.rows += not self.by_root
        elif rows.rows and not self.by_root:
            raise self._unreadable("a comma stands before the end of a list")
        if not self.by_root:
            self.stack.pop()
        self.level = None

    def _cut(self, ends: np.ndarray, separator: int) -> None:
        """Notes where rows end, and where a span is long enough."""
        if not len(ends):
            return
        longest = int(np.diff(np.concatenate([[self.last], ends])).max())
        if longest > LONGEST_ROW:
            raise self._bomb(f"a row of more than {LONGEST_ROW >> 20} MiB")
        self.last = int(ends[-1])
        self.ended += len(ends)
        if self.last - self.span_from >= CHUNK:
            self.lists[-1].spans.append((self.span_from, self.last, self.before))
            self.span_from, self.before = self.last + separator, self.ended

    def _path(self) -> str:
        """The keys around a list, the last its own; `item` for a list in a list."""
        keys = []
        for (around, _, _), (_, first, last) in pairwise(self.stack):
            key = os.pread(self.fd, min(last - first - 1, LONGEST_KEY), first + 1)
            keys.append(key.decode("utf-8", "replace") if around == _OBJECT else "item")
        return ".".join(keys)

    def _skeleton(self, lists: list[RowList]) -> dict[str, Any]:
        """Checks that the text around the lists is JSON, too."""
        edges = [0, *(edge for x in lists for edge in (x.begins + 1, x.ends)), self.size]
        parts = list(zip(edges[::2], edges[1::2], strict=True))
        if sum(end - begin for begin, end in parts) > MOST_SKELETON:
            if not lists:
                return {}
            raise self._bomb(f"more than {MOST_SKELETON >> 20} MiB around its lists")
        text = b"".join(os.pread(self.fd, end - begin, begin) for begin, end in parts)
        try:
            root = json.loads(text)
        except ValueError as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "it is not JSON"
            raise self._unreadable(why) from None
        return root if isinstance(root, dict) else {}

    def _unreadable(self, why: str) -> ExportError:
        return ExportError(
            "unreadable",
            f"{self.name} cannot be read as JSON: {why}. Nothing was loaded: "
            "request a new delivery.",
        )

    def _bomb(self, what: str) -> ExportError:
        return ExportError(
            "bomb",
            f"{self.name} holds {what} and was refused. Nothing was loaded: request "
            "an export of rows.",
        )


def _first_below(depth: np.ndarray, start: int, level: int) -> int:
    """The first place from `start` on that lies outside a list; the end, if there is none."""
    window = 64
    while start < len(depth):
        below = depth[start : start + window] < level
        if below.any():
            return start + int(below.argmax())
        start += window
        window *= 2
    return len(depth)
