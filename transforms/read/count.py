"""Counts rows on the bytes, independently of the parsers, so that no row is lost unnoticed."""

import _csv
import csv
import io
from collections.abc import Iterator
from typing import IO, NamedTuple

import numpy as np

from transforms.errors import ExportError
from transforms.read import opened

CHUNK = 4 << 20
LONGEST_FIELD = 16 << 20
LINE_FEED, RETURN, BACKSLASH = 0x0A, 0x0D, 0x5C
FIRST_BYTES = 8
LONGEST_RUN = 1 << 16  # of quotes
FEWEST_COLUMNS = 3  # of fewer, a line of any text may have as many delimiters


class Dialect(NamedTuple):
    """How a delimited file is written."""

    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None

    def records(self, text: Iterator[str]) -> "_csv.Reader":
        """The records of lines of text, as the csv module reads them."""
        csv.field_size_limit(LONGEST_FIELD)
        return csv.reader(
            text, delimiter=self.delimiter, quotechar=self.quote, escapechar=self.escape
        )


class Records(NamedTuple):
    """Line (from 1) on which each record of a delimited file begins, empty lines being none; which
    of them, by position, end the file and hold nothing but delimiters, quotes and blanks; how many
    lines there are; how many quotes neither open nor close a field; and where the file may be cut
    into pieces, by the position and the first byte of a record."""

    begins: np.ndarray
    blank: np.ndarray
    lines: int
    stray: int
    is_open: bool = False
    cuts: tuple[tuple[int, int], ...] = ()


def records(file: IO[bytes], name: str, dialect: Dialect) -> Records:
    """The records of a UTF-8 file. Raises ExportError: cut, where it ends in a quoted field; bomb,
    where a line is longer than any row."""
    found = _by_parity(file, dialect, name)
    if found.stray:
        # A stray quote turns the parity of all that follows; the csv module knows it from others.
        begins, blank, is_open, cuts = _by_parsing(file, dialect)
        found = found._replace(begins=begins, blank=blank, is_open=is_open, cuts=cuts)
    # Blank rows at the end are what a spreadsheet leaves there; between others they are odd rows.
    before = len(found.begins) - len(found.blank)
    is_tail = found.blank - np.arange(len(found.blank)) == before
    found = found._replace(blank=found.blank[is_tail])
    if found.is_open:
        raise ExportError(
            "cut", f"{name} ends inside a quoted field. Nothing was loaded: request a new delivery."
        )
    return found


def stray_quotes(text: bytes, dialect: Dialect) -> int:
    """Quotes of the beginning of a file that neither open nor close a field."""
    return _by_parity(io.BytesIO(text), dialect, "").stray


def _by_parity(file: IO[bytes], dialect: Dialect, name: str) -> Records:
    """A line end counts where the quotes before it are even."""
    quote, delimiter = ord(dialect.quote), ord(dialect.delimiter)
    starts: list[np.ndarray] = []
    blank: list[np.ndarray] = []
    cuts: list[tuple[int, int]] = []
    piece_ends = opened.PIECE
    inkless = _inkless(dialect)
    has_ink = False  # the record being read, before this chunk
    known = 0  # records before it
    line_from = 0
    quotes = lines = stray = 0
    begins_at, begins_on = 0, 1  # the record being read: its first byte and line
    offset = 0
    last = LINE_FEED  # byte before this chunk
    for chunk in _chunks(file, quote):
        text = np.frombuffer(chunk, dtype=np.uint8)
        ends = np.flatnonzero(text == LINE_FEED)
        if RETURN in chunk:
            returns = np.flatnonzero(text == RETURN)
            # A chunk ends in a return only where the file does.
            alone = returns[_at(text, returns + 1, 0) != LINE_FEED]
            ends = np.sort(np.concatenate([ends, alone]))
        quoted = np.flatnonzero(text == quote)
        if dialect.escape:
            quoted = quoted[~_is_escaped(text, quoted)]
        opens = (np.arange(len(quoted)) + quotes) % 2 == 0
        before, after = _at(text, quoted - 1, last), _at(text, quoted + 1, LINE_FEED)
        beside = np.where(opens, before, after)
        stray += int((~np.isin(beside, [quote, delimiter, LINE_FEED, RETURN])).sum())
        outside = (np.searchsorted(quoted, ends) + quotes) % 2 == 0
        numbers = lines + 1 + np.flatnonzero(outside)  # line that each record end stands on
        if outside.any():
            record_ends = ends[outside] + offset
            firsts = np.concatenate([[begins_at], record_ends[:-1] + 1])
            on = np.concatenate([[begins_on], numbers[:-1] + 1]).astype(np.int32)
            lengths = record_ends - firsts
            empty = (lengths == 0) | (
                (lengths == 1) & (_at(text, ends[outside] - 1, last) == RETURN)
            )
            starts.append(on[~empty])
            spans = np.stack([firsts, record_ends])[:, ~empty] - offset
            blank.append(known + _blank(chunk, text, spans, inkless, has_ink and not empty[0]))
            kept = firsts[~empty]
            while (place := int(np.searchsorted(kept, piece_ends))) < len(kept):
                cuts.append((known + place, int(kept[place])))
                piece_ends = int(kept[place]) + opened.PIECE
            known += len(kept)
            has_ink = False
            begins_at, begins_on = int(record_ends[-1]) + 1, int(numbers[-1]) + 1
        has_ink |= bool(chunk[max(begins_at - offset, 0) :].translate(None, inkless))
        edges = np.concatenate([[line_from], ends + offset, [offset + len(chunk)]])
        if int(np.diff(edges).max()) > LONGEST_FIELD:
            raise ExportError(
                "bomb",
                f"{name} has a line of more than {LONGEST_FIELD >> 20} MiB and was "
                "refused. Nothing was loaded: request an export of rows.",
            )
        line_from = int(edges[-2])
        if not stray and offset + len(chunk) - begins_at > 2 * LONGEST_FIELD:
            raise ExportError(
                "bomb",
                f"{name} has a row of more than {LONGEST_FIELD >> 19} MiB and was refused. "
                "Nothing was loaded: request an export of rows.",
            )
        quotes += len(quoted)
        lines += len(ends)
        offset += len(text)
        last = int(text[-1])
    if offset > begins_at:
        starts.append(np.array([begins_on], dtype=np.int32))
        blank.append(np.array([] if has_ink else [known], dtype=np.int64))
    begins = np.concatenate(starts) if starts else np.empty(0, dtype=np.int32)
    lines += last not in (LINE_FEED, RETURN)
    blanks = np.concatenate(blank) if blank else np.empty(0, dtype=np.int64)
    return Records(begins, blanks, lines, stray, quotes % 2 == 1, tuple(cuts))


def _at(text: np.ndarray, places: np.ndarray, beyond: int) -> np.ndarray:
    """The bytes at some places; `beyond` is what stands before the first or after the last."""
    found: np.ndarray = text[np.clip(places, 0, len(text) - 1)]
    found[(places < 0) | (places >= len(text))] = beyond
    return found


def _inkless(dialect: Dialect) -> bytes:
    """What a row may hold and still say nothing: blanks, and the last sign of an old file (^Z)."""
    return (dialect.delimiter + dialect.quote + " \t\r\n\0\x1a").encode()


def _blank(
    chunk: bytes, text: np.ndarray, spans: np.ndarray, inkless: bytes, first_has_ink: bool
) -> np.ndarray:
    """Which records hold nothing, of those that end in a chunk. Nearly all show at their first
    bytes that they do."""
    firsts, ends = np.maximum(spans[0], 0), spans[1]
    is_inkless = np.zeros(256, dtype=bool)
    is_inkless[list(inkless)] = True
    left = np.arange(first_has_ink, len(firsts))
    for further in range(FIRST_BYTES):
        at = np.minimum(firsts[left] + further, ends[left])
        left = left[is_inkless[text[np.minimum(at, len(text) - 1)]] | (at == ends[left])]
    rest = [i for i in left if not chunk[firsts[i] : ends[i]].translate(None, inkless)]
    return np.array(rest, dtype=np.int64)


def _is_escaped(text: np.ndarray, quoted: np.ndarray) -> np.ndarray:
    """Whether an odd number of backslashes stands before each quote."""
    slashes = text == BACKSLASH
    places = np.arange(len(text))
    last_other = np.maximum.accumulate(np.where(slashes, -1, places))
    run = places - last_other  # backslashes that end here
    found: np.ndarray = (quoted > 0) & (run[quoted - 1] % 2 == 1)
    return found


def run_together(
    file: IO[bytes], dialect: Dialect, begins: np.ndarray, lines: int, width: int
) -> dict[int, list[tuple[int, str]]]:
    """Records that a quote left open has put together of several rows: by their position, each
    line and its text.

    `lines` is how many lines the file has. The first line of such a record would be a whole row
    but for its open quote, and another one is a whole row; of a text in a cell they are not.
    """
    if not len(begins):
        return {}
    ends = np.append(begins[1:], np.int32(lines + 1))
    suspects = {int(begins[p]): int(p) for p in np.flatnonzero(ends - begins > 1)}
    if not suspects or width < FEWEST_COLUMNS:
        return {}
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    found: dict[int, list[tuple[int, str]]] = {}
    whole: dict[int, int] = {}
    position = -1
    try:
        for number, line in enumerate(text, start=1):
            if number in suspects:
                position = suspects[number]
            elif position < 0 or number >= ends[position]:
                position = -1
                continue
            if not line.strip("\r\n"):
                continue
            is_whole = _cells(line, dialect, is_open=number in suspects) == width
            if number in suspects and not is_whole:
                position = -1
                continue
            whole[position] = whole.get(position, 0) + is_whole
            found.setdefault(position, []).append((number, line.rstrip("\r\n")))
    finally:
        text.detach()
    return {p: rows for p, rows in found.items() if whole[p] > 1}


def _cells(line: str, dialect: Dialect, is_open: bool) -> int:
    """Cells of a line by itself; those behind a quote that it leaves open are counted, too."""
    cells = next(iter(dialect.records(iter([line]))), [""])
    return len(cells) + (cells[-1].count(dialect.delimiter) if is_open else 0)


def _chunks(file: IO[bytes], quote: int) -> Iterator[bytes]:
    """Pieces that end neither between a return and its line feed nor at a quote."""
    file.seek(0)
    while chunk := file.read(CHUNK):
        chunk += file.readline(LONGEST_FIELD)
        run = bytearray()
        last = chunk[-1]
        while last in (RETURN, quote) and len(run) < LONGEST_RUN and (more := file.read(1)):
            run += more
            last = more[0]
        yield chunk + bytes(run) if run else chunk


def _by_parsing(
    file: IO[bytes], dialect: Dialect
) -> tuple[np.ndarray, np.ndarray, bool, tuple[tuple[int, int], ...]]:
    file.seek(0)
    text = _Lines(io.TextIOWrapper(file, encoding="utf-8", newline=""))
    lines: list[int] = []
    blank: list[int] = []
    cuts: list[tuple[int, int]] = []
    piece_ends = opened.PIECE
    nothing = dict.fromkeys(_inkless(dialect))
    line, at = 1, 0  # on which the record begins, and its first byte
    row: list[str] = []
    try:
        records = dialect.records(iter(text))
        for row in records:
            if row:
                if not "".join(row).translate(nothing):
                    blank.append(len(lines))
                if at >= piece_ends:
                    cuts.append((len(lines), at))
                    piece_ends = at + opened.PIECE
                lines.append(line)
            line, at = records.line_num + 1, text.bytes
    except csv.Error:
        row = []
    finally:
        text.wrapper.detach()
    # A field that is never closed takes everything to the end with it.
    begins = np.array(lines[:-1], dtype=np.int32)
    is_row = (cut for cut in cuts if cut[0] < len(begins))
    return begins, np.array(blank, dtype=np.int64), row != [_Lines.END], tuple(is_row)


class _Lines:
    """The lines of a text, then one that is not in it; `bytes` are those read so far."""

    END = "the end of the file"

    def __init__(self, wrapper: io.TextIOWrapper) -> None:
        self.wrapper, self.bytes = wrapper, 0

    def __iter__(self) -> Iterator[str]:
        line = "\n"
        for line in self.wrapper:
            self.bytes += len(line) if line.isascii() else len(line.encode())
            yield line
        if not line.endswith(("\n", "\r")):
            yield "\n"
        yield self.END
