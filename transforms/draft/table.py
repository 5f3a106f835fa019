"""The likeliest table in a file of an unknown shape: headers, first rows, lines above."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from transforms.errors import ExportError
from transforms.layouts import layouts, plain
from transforms.read import HEADER_ROWS, READERS
from transforms.read.opened import Candidate, Noted

ROWS = 300
MOST_CANDIDATES = 40
LONGEST_HEADER = 80
EVEN_FROM = 0.5


@dataclass(frozen=True)
class Table:
    """Text under a file's own headers; `above` are the rows over them, as one text."""

    headers: list[str]
    rows: pd.DataFrame
    above: str


def likeliest(path: Path, name: str) -> Table | None:
    """The table whose header row looks most like one, under every way to read the file."""
    known = {plain(h) for x in layouts() for h in (*x.known_headers, *sum(x.aliases.values(), ()))}
    read = READERS[Path(name.casefold()).suffix](path, name, (), None)
    best: tuple[tuple[bool, float], Candidate, int] | None = None
    for candidate in islice(read, MOST_CANDIDATES):
        for place, row in enumerate(candidate.head[:HEADER_ROWS]):
            # Read in a wrong encoding, headers look no less like headers.
            likeness = _likeness(row, candidate.head[place + 1 :], known)
            score = candidate.is_certain, likeness
            if likeness > 0 and (best is None or score > best[0]):
                best = score, candidate, place
    if best is None:
        return None
    _, candidate, place = best
    headers = [h.strip() for h in candidate.head[place]]
    above = "\n".join(cell for row in candidate.head[:place] for cell in row)
    return Table(headers, _rows(candidate, place), above)


def _likeness(row: list[str], below: list[list[str]], known: set[str]) -> float:
    """How many cells may be headers; less where the rows below are of another width."""
    cells = [c.strip() for c in row if c.strip()]
    words = sum(_may_be_header(c) for c in cells)
    if not cells or len({plain(c) for c in cells}) < len(cells) or words < len(cells) * 0.9:
        return 0.0
    even = sum(len(r) == len(row) for r in below) / len(below) if below else 1.0
    if len(cells) < 2 or even < EVEN_FROM:
        return 0.0
    return (words + sum(plain(c) in known for c in cells)) * even


def _may_be_header(cell: str) -> bool:
    return len(cell) <= LONGEST_HEADER and not cell[0].isdigit() and "://" not in cell


def _rows(candidate: Candidate, place: int) -> pd.DataFrame:
    """The first rows; none where they are not whole under these headers."""
    try:
        found = next(candidate.open(place).rows(Noted()), None)
    except ExportError:
        found = None
    return pd.DataFrame() if found is None else found[0].head(ROWS).reset_index(drop=True)
