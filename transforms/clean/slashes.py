"""`03/04/2025`: whether a file writes the day or the month first, which no single row can tell."""

import re
from collections import defaultdict
from collections.abc import Iterator

import pandas as pd

DATES = {
    "sellers": ("paid_from", "paid_to"),
    "listings": ("created", "modified"),
    "inquiries": ("posted", "scraped", "expires", "first_reply"),
}
_SLASHED = re.compile(r"\s*(\d{1,2})/(\d{1,2})/\d{4}\b")


def has_any(raw: pd.DataFrame, dataset: str) -> bool:
    """Whether a batch has any date that is written with slashes."""
    return any(raw[f].str.contains("/", regex=False).any() for f in DATES[dataset] if f in raw)


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

    def decided(self) -> dict[str, str]:
        """What each field writes first: "day" or "month", or "unknown"."""
        return {
            field: next((f for f, n in self._found[field].items() if n), "unknown")
            if not all(self._found[field].values())
            else "unknown"
            for field in self._fields
        }

    def contradictions(self) -> dict[tuple[str, str | None], int]:
        """Fields that are written both ways, which holds the night: the rarer way's rows."""
        return {
            ("ambiguous_dates", field): min(counts.values())
            for field, counts in self._found.items()
            if all(counts.values())
        }


def _certain(texts: pd.Series) -> Iterator[str]:
    for text in texts.dropna():
        if found := _SLASHED.match(text):
            first, second = int(found[1]), int(found[2])
            if first > 12 >= second:
                yield "day"
            elif second > 12 >= first:
                yield "month"
