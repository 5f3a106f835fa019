"""Reading: a delivered file as batches of text under a layout, with an independent row count.

All values are text here. Whatever bytes a file holds, reading it returns or raises ExportError.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from transforms.errors import ExportError
from transforms.layouts import Layout, fitting, layouts, nearest, own_layout, plain, unknown
from transforms.mask import masked
from transforms.read import delimited, json_rows, parquet, workbook
from transforms.read.encoding import uncertain
from transforms.read.opened import MOST_COLUMNS, Candidate, Noted, Opened, Read, Warnings

# Of a file, its name, the encodings that layouts or the market declare, and a scratch folder.
Reader = Callable[[Path, str, Sequence[str], Path | None], Iterator[Candidate]]
Fit = tuple[Candidate, int, Layout]  # and the row of its head that fits

# Formats that can be read, by the ending of the unpacked file's name.
READERS: dict[str, Reader] = {
    ".csv": delimited.candidates,
    ".tsv": delimited.candidates,
    ".txt": delimited.candidates,
    ".json": json_rows.candidates,
    ".ndjson": json_rows.candidates,
    ".jsonl": json_rows.candidates,
    ".xlsx": workbook.candidates,
    ".xls": workbook.candidates,
    ".parquet": parquet.candidates,
}
# What the first bytes of a file say it is, whatever its name.
MAGIC = {b"PK\x03\x04": ".xlsx", b"\xd0\xcf\x11\xe0": ".xls", b"PAR1": ".parquet"}
BINARY = frozenset(MAGIC.values())
HEADER_ROWS = 20
FIRST_OF_OTHER_SCRIPTS = 0x0600  # Arabic and all that follow it
# Files that are not exports, by a pattern at their beginning.
STRANGERS = (
    (
        rb"(?i)(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|meta|body|table|div|script|style)\b",
        "web_page",
        "is a web page: the download session had expired, or a program saved a table as a page. "
        "Request a new delivery, or open it in a spreadsheet and save it as .xlsx",
    ),
    (
        rb"(?s)<\?xml.{,2000}urn:schemas-microsoft-com:office:spreadsheet",
        "unknown_format",
        "is an XML spreadsheet of Excel 2003: save it as .xlsx",
    ),
    (rb"<\?xml|<\w+_response\b", "unknown_format", "is XML: request JSON or CSV"),
    (rb"%PDF-", "unknown_format", "is a PDF: request the table itself"),
)


@dataclass(frozen=True)
class TextBatch:
    """A batch of rows as text under the file's own headers, with the line where each begins."""

    table: pd.DataFrame
    lines: np.ndarray


@dataclass(frozen=True)
class Piece:
    """Rows of an export that follow one another. Another process can read them, if the export was
    opened with a scratch folder: it holds no open file."""

    file: str
    layout: Layout
    period: dict[str, str]
    _read: Read

    def batches(self, noted: Noted) -> Iterator[TextBatch]:
        """The rows from the first; findings on the way are added to `noted`."""
        return (TextBatch(table, lines) for table, lines in self._read(noted))

    def raw_fields(self, table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
        """A batch under the contract's raw names, with the period; and rows whose label moved."""
        raw, moved = self.layout.raw_fields(table)
        return raw.assign(**self.period), moved


@dataclass(frozen=True)
class Export:
    """An opened export: its properties and its rows.

    `rows_in` is counted on the bytes, independently of the parser; `warnings` arose on opening.
    `period` is what the lines above the header say, by raw field. `copy` is a file that was made
    to read it from.
    """

    file: str
    layout: Layout
    encoding: str | None
    delimiter: str | None
    header_row: int | None
    headers: list[str]
    rows_in: int
    period: dict[str, str]
    warnings: Warnings
    _opened: Opened

    @property
    def pieces(self) -> list[Piece]:
        """All its rows, in order."""
        return [Piece(self.file, self.layout, self.period, read) for read in self._opened.pieces]

    def batches(self, noted: Noted) -> Iterator[TextBatch]:
        """The rows from the first; findings on the way are added to `noted`."""
        return (batch for piece in self.pieces for batch in piece.batches(noted))

    @property
    def copy(self) -> Path | None:
        return self._opened.copy

    @property
    def new_columns(self) -> list[str]:
        """Headers that the layout does not know, masked, since they may be data."""
        named = (h for h in self.headers if h.strip())
        return sorted(
            masked(h) for h in named if self.layout.own_header(h) not in self.layout.known_headers
        )

    @property
    def missing_columns(self) -> list[str]:
        """Optional headers of the layout that this file does not have."""
        mapped = set[str]().union(*(s.all_headers() for s in self.layout.columns.values()))
        return sorted(mapped - {self.layout.own_header(h) for h in self.headers})


def open_export(
    path: Path,
    name: str,
    dataset: str | None,
    declared: str | None = None,
    scratch: Path | None = None,
) -> Export:
    """Opens an unpacked file that was called `name` and should hold `dataset`, if that is known.

    It takes the first way of reading in which one of the first twenty rows fits a layout.
    `declared` is the encoding of the market's files that are not UTF-8. With a `scratch` folder
    other processes can read its pieces. Raises ExportError: empty,
    unknown_format, wrong_extension, encoding, unknown_layout, duplicate_headers, shifted, cut,
    several_tables, bomb …
    """
    fits: list[Fit] = []
    others: list[Candidate] = []
    is_doubtful = False
    own = [x.encoding for x in layouts(dataset) if x.encoding]
    for candidate in _reader(path, name)(
        path, name, [*own, *([declared] if declared else [])], scratch
    ):
        found = _header_in(candidate.head[:HEADER_ROWS], dataset)
        if found and not _is_proven(candidate, *found, declared):
            is_doubtful = True
        elif found:
            fits.append((candidate, *found))
            if not candidate.where:
                break
        else:
            others.append(candidate)
    if is_doubtful and not fits:
        raise uncertain(path, name)
    if len(fits) > 1:
        where = ", ".join(candidate.where for candidate, _, _ in fits)
        raise ExportError(
            "several_tables",
            f"{name} holds an export in more than one place: {where}. Nothing "
            "was loaded: deliver each export in its own file.",
        )
    export = _opened(name, *(fits or [_without_headers(others, dataset, name)])[0])
    for other in others:
        if other.where and other.size:
            export.warnings["sheet_ignored", masked(other.where)] += other.size
    return export


def _is_proven(candidate: Candidate, row: int, layout: Layout, declared: str | None) -> bool:
    """Whether an encoding is certain, declared, or proved by a header in another script."""
    if candidate.is_certain or candidate.encoding == (layout.encoding or declared):
        return True
    return any(
        ord(max(header, default=" ")) >= FIRST_OF_OTHER_SCRIPTS
        and layout.own_header(header) in layout.known_headers
        for header in candidate.head[row]
    )


def _without_headers(candidates: list[Candidate], dataset: str | None, name: str) -> Fit:
    """Accepts an empty JSON list, which has no headers and says that there was nothing.

    Any other file that fits no layout is refused: empty, unknown_layout.
    """
    if instead := next((c.instead for c in candidates if c.instead), None):
        raise ExportError(
            "api_error",
            f"{name} is {instead}. Nothing was loaded: resolve that error, then request a new "
            "delivery.",
        )
    for candidate in candidates:
        if deep := _header_in(candidate.head, dataset):
            raise ExportError(
                "header_too_low",
                f"{name} has the headers of {deep[1].name} in row {deep[0] + 1}, "
                f"but only the first {HEADER_ROWS} rows are searched. Nothing was loaded: "
                "remove the lines above them.",
            )
    heads = [row for c in candidates for row in c.head[:HEADER_ROWS]]
    widest = max(map(len, heads), default=0)
    if widest > MOST_COLUMNS and any(fitting(row, dataset) for row in heads[:HEADER_ROWS]):
        raise ExportError(
            "too_wide",
            f"{name} has {widest:,} columns, where an export has no more than "
            f"{MOST_COLUMNS:,}. Nothing was loaded: request a new delivery.",
        )
    rows = [row[:MOST_COLUMNS] for row in heads if any(map(str.strip, row))]
    if rows:
        raise unknown(_most_like_headers(rows, dataset), dataset, name)
    if dataset and candidates and name.casefold().endswith("json"):
        return candidates[0], 0, own_layout(dataset)
    raise ExportError("empty", f"{name} holds no rows. Nothing was loaded: request a new delivery.")


def _opened(name: str, candidate: Candidate, row: int, layout: Layout) -> Export:
    headers = candidate.head[row] or list(layout.required)
    named = [plain(layout.own_header(h)) for h in headers if h.strip()]
    if twins := sorted({h for h in named if named.count(h) > 1}):
        raise ExportError(
            "duplicate_headers",
            f"{name} has headers more than once: {', '.join(twins)}. Nothing was loaded, since "
            "it is unclear which of them counts: request a new delivery.",
        )
    opened = candidate.open(row)
    if not opened.rows_in and layout.extent == "census":
        raise ExportError(
            "no_rows",
            f"{name} has headers but no rows. An empty census is a failed export. "
            "Nothing was loaded: request a new delivery.",
        )
    return Export(
        file=name,
        layout=layout,
        encoding=candidate.encoding,
        delimiter=candidate.delimiter,
        header_row=opened.header_row,
        headers=opened.headers or headers,
        rows_in=opened.rows_in,
        period=layout.period(candidate.head[:row]),
        warnings=opened.warnings,
        _opened=opened,
    )


def _header_in(head: list[list[str]], dataset: str | None) -> tuple[int, Layout] | None:
    for place, row in enumerate(head):
        if len(row) <= MOST_COLUMNS and (layout := fitting(row, dataset)):
            return place, layout
    return None


def _most_like_headers(rows: list[list[str]], dataset: str | None) -> list[str]:
    """The row nearest to a layout; if no row has anything in common with one, the first whose cells
    are all different words."""

    def unlike(row: list[str]) -> tuple[float, bool]:
        cells = [cell.strip() for cell in row if cell.strip()]
        words = len(cells) > 1 and len(set(cells)) == len(cells) == len(row)
        return nearest(row, dataset)[0], not (words and not any(c[0].isdigit() for c in cells))

    return min(rows, key=unlike)


def _reader(path: Path, name: str) -> Reader:
    ending = Path(name.casefold()).suffix
    if ending not in READERS:
        raise ExportError(
            "unknown_format",
            f"{name}: {ending or 'no'} ending, which is not supported. Supported are "
            f"{' '.join(READERS)}, plain or in .gz, .zip, .zst.",
        )
    if path.stat().st_size == 0:
        raise ExportError("empty", f"{name} is empty. Nothing was loaded: request a new delivery.")
    _refuse_stranger(path, name)
    looks = _looks_like(path, ending)
    if looks != ending:
        raise ExportError(
            "wrong_extension",
            f"{name} is {looks} by its content, although its name ends in {ending}. Nothing was "
            "loaded: request it under the right name.",
        )
    return READERS[ending]


def _refuse_stranger(path: Path, name: str) -> None:
    """Refuses a file that is not an export, and names what it is."""
    with path.open("rb") as file:
        first = file.read(4096).replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")
    for pattern, code, what in STRANGERS:
        if re.match(pattern, first):
            raise ExportError(code, f"{name} {what}. Nothing was loaded.")


def _looks_like(path: Path, ending: str) -> str:
    """The ending that fits a file's first bytes; its own ending if they do not tell."""
    with path.open("rb") as file:
        first = file.read(64)
    binary = next((e for magic, e in MAGIC.items() if first.startswith(magic)), None)
    if binary:
        # An .xlsx in an .xls container is protected by a password, which is reported later.
        return ending if (binary, ending) == (".xls", ".xlsx") else binary
    if ending in BINARY:
        return "text"
    is_json = first.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"[{", b'{"'))
    return ".json" if is_json and READERS[ending] is not json_rows.candidates else ending
