"""What only a whole file shows: whether `03/04/2025` has the day or the month first, and whether a
rate without a sign, `1`, is a fraction or a percentage.

Dashes and dots are day first on this marketplace, unless the file shows that they are not. Rates
are fractions, as an API writes them, unless one in their column is above 1.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.fields import Unreadable
from transforms.fields.number import unsigned_rate
from transforms.fields.text import PLAIN, known, repaired
from transforms.fields.word import stated_shares

DATES = {
    "sellers": ("paid_from", "paid_to"),
    "listings": ("created", "modified"),
    "inquiries": ("posted", "scraped", "expires", "first_reply"),
}
RATES = {
    "sellers": ("markets", "response_rate", "on_time_rate"),
    "listings": ("click_rate", "inquiry_rate"),
    "inquiries": (),
}
FEW_PERCENTS = 0.1  # of the rates without a sign: with fewer above 1 they may be slips
_PARTED = re.compile(r"(\d{1,2})[-./](\d{1,2})[-./]\d{4}\b")
_ANY_DATE = r"^\W*\d{1,2}[-./]\d{1,2}[-./]\d{4}"
_ANY_RATE = r"\d[^\w%％٪]*(?:$|[、\"\]}])"


def is_needed(raw: pd.DataFrame, dataset: str) -> bool:
    """Whether a batch has a value that only the whole file can explain."""
    dates, rates = ([f for f in of[dataset] if f in raw] for of in (DATES, RATES))
    return any(_has(_odd_dates(raw[field]), _ANY_DATE) for field in dates) or any(
        _has(_texts(raw[field]), _ANY_RATE) for field in rates
    )


def _texts(values: pd.Series) -> pa.Array:
    return pa.array(values, type=pa.string(), from_pandas=True)


def _odd_dates(values: pd.Series) -> pa.Array:
    """Without those that have the year first, whatever follows: nearly all."""
    texts = _texts(values)
    return texts.filter(pc.invert(pc.match_substring_regex(texts, "^[0-9]{4}-")))


def _has(texts: pa.Array, pattern: str) -> bool:
    if pc.any(pc.match_substring_regex(texts, pattern)).as_py():
        return True
    # RE2 knows the digits of ASCII only, and sees marks, entities and escapes as they are written.
    is_odd = pc.or_(
        pc.invert(pc.match_substring_regex(texts, PLAIN)), pc.match_substring(texts, r"\u")
    )
    odd = pc.unique(texts.filter(is_odd)).drop_null().to_pylist()
    return any(r"\u" in text or re.search(pattern, known(repaired(text)) or "") for text in odd)


def _may_be_date(texts: pa.Array) -> pa.Array:
    """Where a text may be a date in numbers; nearly all others plainly are none."""
    return pc.or_(
        pc.invert(pc.match_substring_regex(texts, PLAIN)),
        pc.match_substring_regex(texts, _ANY_DATE),
    )


class Evidence:
    """What a file shows, by raw field: dates that can be read one way only, and rates without a
    sign that are above 1 or are not."""

    def __init__(self, dataset: str) -> None:
        self._dates, self._rates = DATES[dataset], RATES[dataset]
        self._found: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, raw: pd.DataFrame) -> None:
        for field in (*self._dates, *self._rates):
            if field in raw:
                shown = _first if field in self._dates else _size
                texts = _texts(raw[field])
                if field in self._dates:
                    texts = texts.filter(_may_be_date(texts))
                for of in pc.value_counts(texts.drop_null()):
                    for side in shown(known(of["values"].as_py())):
                        self._found[field][side] += of["counts"].as_py()

    def merge(self, other: "Evidence") -> None:
        """Adds what another part of the same file shows."""
        for field, shown in other._found.items():
            self._found[field].update(shown)

    @property
    def _sides(self) -> set[str]:
        return {side for field in self._dates for side in self._found[field]}

    def decided(self) -> dict[str, str]:
        """What the file writes first in its dates, "day", "month" or "both", and that its rates
        without a sign are a "percent" or may be "both", by field; nothing if that is unknown."""
        sides = self._sides
        first = "both" if len(sides) == 2 else next(iter(sides), None)
        dates = dict.fromkeys(self._dates, first) if first else {}
        return dates | {f: form for f in self._rates if (form := self._form(self._found[f]))}

    def contradictions(self) -> dict[tuple[str, str | None], int]:
        """Fields whose dates are written both ways, which holds the night, and their dates."""
        if len(self._sides) < 2:
            return {}
        found = {f: self._found[f].total() for f in self._dates}
        return {("ambiguous_dates", field): n for field, n in found.items() if n}

    @staticmethod
    def _form(rates: Counter[str]) -> str | None:
        if not rates["percent"]:
            return None
        return "both" if rates["percent"] < FEW_PERCENTS * rates.total() else "percent"


def _first(text: str | None) -> Iterator[str]:
    if text and (found := _PARTED.match(text)):
        first, second = int(found[1]), int(found[2])
        if first > 12 >= second:
            yield "day"
        elif second > 12 >= first:
            yield "month"


def _size(text: str | None) -> Iterator[str]:
    """Of each rate without a sign but 0, which is the same either way."""
    try:
        rates = [share for _, share in stated_shares(text)] if text else []
    except Unreadable:
        rates = [text or ""]
    for rate in map(unsigned_rate, rates):
        if rate and rate <= 100:
            yield "percent" if rate > 1 else "either"
