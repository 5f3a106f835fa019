"""Delimited text as a stream of batches; detects encoding, delimiter, quotes and header row."""

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from transforms.errors import ExportError
from transforms.read.count import Dialect, records, run_together, stray_quotes
from transforms.read.encoding import as_utf8, copied_as_utf8, encodings, is_guess
from transforms.read.opened import (
    PIECE,
    SAMPLE_ROWS,
    Candidate,
    Noted,
    Opened,
    Rows,
    column_names,
)

# Three hold a piece with the row in which it ends: a fourth would be a batch of one row, which
# costs nearly as much as any. Also the longest record that is read.
BLOCK = (PIECE + (1 << 20)) // 3
HEAD = 1 << 18  # bytes in which dialect and header row are looked for
GUESSED_FROM = 4096  # characters; the guess takes longer than linear in them
DELIMITERS, QUOTES = ",\t;|", "\"'"
# Whatever else may part fields: no letter, digit, blank, quote or line end.
TRIED = DELIMITERS + QUOTES + " \r\n"
ODD = "".join(c for c in map(chr, range(1, 127)) if not c.isalnum() and c not in TRIED)
OPEN_QUOTE = "quote left open: rows run together"
TEXT = {pa.string(): pd.StringDtype(na_value=np.nan)}


def candidates(
    path: Path, name: str, declared: Sequence[str] = (), scratch: Path | None = None
) -> Iterator[Candidate]:
    """Every way to read the file's beginning as a table, likeliest first."""
    for encoding, is_certain in encodings(path, name, declared):
        with as_utf8(path, encoding) as file:
            raw = file.read(HEAD)
            is_whole = len(raw) < HEAD
        text = raw.decode("utf-8", "ignore")  # only a character at the cut can be lost here
        for dialect, rows in _by_evenness(text, is_whole):
            yield Candidate(
                head=rows,
                open=lambda header, e=encoding, d=dialect, r=rows: _open(  # type: ignore[misc]
                    path, name, e, d, header, r, scratch
                ),
                encoding=encoding,
                is_certain=is_certain,
                delimiter=dialect.delimiter,
            )


def _by_evenness(text: str, is_whole: bool) -> Iterator[tuple[Dialect, list[list[str]]]]:
    """Dialects with their first rows; those that give rows of equal width come first."""
    tried = []
    for delimiter in DELIMITERS:
        well = {q: len(_quoted(delimiter, q).findall(text)) if q in text else 0 for q in QUOTES}
        for quote in QUOTES:
            for escape in (None, "\\") if "\\" + quote in text else (None,):
                dialect = Dialect(delimiter, quote, escape)
                rows = _first_rows(text, dialect, is_whole)
                # Apostrophes are quotes only if every row has pairs of them and no other quotes.
                is_odd = quote == "'" and (bool(well['"']) or well["'"] < len(rows) - 1)
                stray = stray_quotes(text.encode(), dialect)
                # One row that runs on makes a dialect no less likely than its rival.
                tried.append((-round(_evenness(rows), 1), is_odd, stray, dialect, rows))
    tried.sort(key=lambda t: t[:3])
    yield from ((dialect, rows) for *_, dialect, rows in tried)
    other = _another_dialect(text)
    if other:
        yield other, _first_rows(text, other, is_whole)


def _quoted(delimiter: str, quote: str) -> re.Pattern[str]:
    by = re.escape(delimiter)
    return re.compile(
        rf"(?:^|{by}){quote}(?:[^{quote}]|{quote}{quote})*{quote}(?={by}|[\r\n]|$)", re.MULTILINE
    )


def _first_rows(text: str, dialect: Dialect, is_whole: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in dialect.records(io.StringIO(text, newline="")):
            if row:
                rows.append(row)
            if len(rows) == SAMPLE_ROWS:
                return rows
    except csv.Error:
        return rows
    return rows if is_whole else rows[:-1]


def _evenness(rows: list[list[str]]) -> float:
    """Share of the rows that have the commonest width above one."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    if not widths:
        return 0.0
    return widths.most_common(1)[0][1] / len(rows)


def _another_dialect(text: str) -> Dialect | None:
    try:
        found = csv.Sniffer().sniff(text[:GUESSED_FROM], ODD)
    except csv.Error:
        return None
    return Dialect(found.delimiter, found.quotechar or '"')


@dataclass(frozen=True)
class _Stretch:
    """Records of delimited text that follow one another: the line on which each begins, and which
    of them are not rows.

    `together` has records joined by an open quote; the bytes from `first` to `last` hold them all,
    under `skip` other lines.
    """

    path: Path
    name: str
    encoding: str
    dialect: Dialect
    headers: list[str]
    begins: np.ndarray
    together: dict[int, list[tuple[int, str]]]
    blank: np.ndarray
    first: int
    last: int

    @property
    def skip(self) -> int:
        # The header record may itself run over several lines.
        return int(self.begins[0]) - 1 if len(self.begins) and not self.first else 0

    @property
    def rows_in(self) -> int:
        own = len(self.begins) - len(self.blank)
        return own + sum(len(rows) - 1 for rows in self.together.values())

    def cut(self, at: Sequence[tuple[int, int]]) -> "list[_Stretch]":
        """The same records in several stretches, the later ones from these positions and bytes."""
        edges = [(0, self.first), *at, (len(self.begins), self.last)]
        found = []
        for (begin, first), (end, last) in pairwise(edges):
            here = (self.blank >= begin) & (self.blank < end)
            found.append(
                replace(
                    self,
                    begins=self.begins[begin:end],
                    together={p - begin: r for p, r in self.together.items() if begin <= p < end},
                    blank=self.blank[here] - begin,
                    first=first,
                    last=last,
                )
            )
        return found

    def __call__(self, noted: Noted) -> Rows:
        """The rows in batches, with the line each began on."""
        lines = self.begins
        if not len(lines):
            return
        for rows in self.together.values():
            noted.broken += [(line, OPEN_QUOTE, text) for line, text in rows]
        out_of_shape: list[int] = []
        is_row = np.ones(len(lines), dtype=bool)
        is_row[self.blank] = is_row[list(self.together)] = False

        def note(row: pacsv.InvalidRow) -> str:
            position = row.number - self.skip - 1
            out_of_shape.append(position)
            if position >= len(lines) or is_row[position]:
                line = int(lines[position]) if position < len(lines) else 0
                reason = f"fields: {row.actual_columns} instead of {row.expected_columns}"
                noted.broken.append((line, reason, row.text))
            return "skip"

        done = 0
        with as_utf8(self.path, self.encoding) as file:
            try:
                for batch in self._parsed(_Within(file, self.first, self.last), note):
                    wanted = batch.num_rows
                    # Records out of shape stand between the others; the lines stay with theirs.
                    span = np.arange(done, min(len(lines), done + wanted + len(out_of_shape)))
                    positions = span[~np.isin(span, out_of_shape)][:wanted]
                    if len(positions) < wanted:
                        break
                    done = int(positions[-1]) + 1 if wanted else done
                    out_of_shape[:] = [p for p in out_of_shape if p >= done]
                    whole = is_row[positions]
                    kept = batch if whole.all() else batch.filter(pa.array(whole))
                    yield kept.to_pandas(types_mapper=TEXT.get), lines[positions[whole]]
            except pa.ArrowInvalid as error:
                raise ExportError("unreadable", f"{self.name} cannot be read: {error}.") from error

    def _parsed(
        self, file: io.RawIOBase, on_broken: Callable[[pacsv.InvalidRow], str]
    ) -> pacsv.CSVStreamingReader:
        columns = column_names(self.headers)
        return pacsv.open_csv(
            file,
            read_options=pacsv.ReadOptions(
                block_size=BLOCK, use_threads=False, column_names=columns, skip_rows=self.skip
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=self.dialect.delimiter,
                quote_char=self.dialect.quote,
                escape_char=self.dialect.escape or False,
                newlines_in_values=True,
                invalid_row_handler=on_broken,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
            ),
        )


class _Within(io.RawIOBase):
    """The bytes of a file from one place to another."""

    def __init__(self, file: IO[bytes], first: int, last: int) -> None:
        self._handle, self._at, self._last = file.fileno(), first, last

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = self._last - self._at
        found = os.pread(self._handle, left if size < 0 else min(size, left), self._at)
        self._at += len(found)
        return found


def _open(
    path: Path,
    name: str,
    encoding: str,
    dialect: Dialect,
    header: int,
    sample: list[list[str]],
    scratch: Path | None,
) -> Opened:
    is_copy = scratch is not None and encoding != "utf-8"
    if scratch and is_copy:
        path = copied_as_utf8(path, encoding, scratch)
    read_as = "utf-8" if is_copy else encoding
    with as_utf8(path, read_as) as file:
        found = records(file, name, dialect)
        begins = found.begins[header + 1 :]
        blank = found.blank[found.blank > header] - (header + 1)
        below = [row for row in sample[header + 1 :] if any(map(str.strip, row))]
        headers = _headers(name, sample[header], below, len(begins) - len(blank))
        together = run_together(file, dialect, begins, found.lines, len(headers))
        size = os.fstat(file.fileno()).st_size
    table = _Stretch(path, name, read_as, dialect, headers, begins, together, blank, 0, size)
    # Whoever reads another encoding makes a copy, and reads it whole.
    is_whole = read_as != "utf-8"
    cuts = [(p - header - 1, at) for p, at in found.cuts if p > header + 1 and not is_whole]
    opened = Opened(
        headers=headers,
        rows_in=table.rows_in,
        pieces=table.cut(cuts),
        header_row=int(found.begins[header]),
        copy=path if is_copy else None,
    )
    if len(blank):
        opened.warnings["blank_rows", None] += len(blank)
    if found.stray:
        opened.warnings["stray_quote", None] += found.stray
    if is_guess(encoding):
        opened.warnings["encoding_guessed", None] += len(begins)
    return opened


def _headers(name: str, headers: list[str], rows: list[list[str]], count: int) -> list[str]:
    """The headers, with an unnamed one if every row ends in an extra delimiter.

    Raises ExportError("shifted") if rows and headers differ in width.
    """
    widths = Counter(len(row) for row in rows)
    if not widths:
        return headers
    width, common = widths.most_common(1)[0]
    if width == len(headers) - 1 and not headers[-1].strip():
        return headers[:-1]
    if width == len(headers) + 1 and not any(row[-1].strip() for row in rows if len(row) == width):
        return [*headers, ""]
    if width != len(headers) and common > max(len(rows) / 2, 1):
        raise ExportError(
            "shifted",
            f"{name} has {len(headers)} headers over rows of {width} values, so that values are "
            f"under the wrong headers. None of its {count:,} rows was loaded: request a new "
            "delivery.",
        )
    return headers
