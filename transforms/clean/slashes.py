"""`03/04/2025`: whether a file writes the day or the month first, which no single row can tell.

Dashes and dots are day first on this marketplace, unless the file shows that they are not.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

DATES = {
    "sellers": ("paid_from", "paid_to"),
    "listings": ("created", "modified"),
    "inquiries": ("posted", "scraped", "expires", "first_reply"),
}
_PARTED = re.compile(r"\s*(\d{1,2})[-./](\d{1,2})[-./]\d{4}\b")
_ANY = r"^\s*\d{1,2}[-./]\d{1,2}[-./]\d{4}"


def has_any(raw: pd.DataFrame, dataset: str) -> bool:
    """Whether a batch has any date that could be read with the day or the month first."""
    for field in DATES[dataset]:
        if field in raw:
            texts = pa.array(raw[field], type=pa.string(), from_pandas=True)
            if pc.any(pc.match_substring_regex(texts, _ANY)).as_py():
                return True
    return False


class Evidence:
    """The dates of a file that can be read one way only, by raw field."""

    def __init__(self, dataset: str) -> None:
        self._fields = DATES[dataset]
        self._found: dict[str, dict[str, int]] = defaultdict(lambda: {"day": 0, "month": 0})

    def add(self, raw: pd.DataFrame) -> None:
        for field in self._fields:
            if field in raw:
                for first in _certain(raw[field]):
                    self._found[field][first] += 1

    @property
    def _sides(self) -> set[str]:
        return {side for counts in self._found.values() for side, count in counts.items() if count}

    def decided(self) -> dict[str, str]:
        """What the file writes first, "day", "month", or "both", by field; nothing if unknown."""
        if not self._sides:
            return {}
        first = "both" if len(self._sides) == 2 else next(iter(self._sides))
        return dict.fromkeys(self._fields, first)

    def contradictions(self) -> dict[tuple[str, str | None], int]:
        """Fields of a file that is written both ways, which holds the night, and their dates."""
        if len(self._sides) < 2:
            return {}
        return {("ambiguous_dates", f): sum(counts.values()) for f, counts in self._found.items()}


def _certain(texts: pd.Series) -> Iterator[str]:
    for text in texts.dropna():
        if found := _PARTED.match(text):
            first, second = int(found[1]), int(found[2])
            if first > 12 >= second:
                yield "day"
            elif second > 12 >= first:
                yield "month"
