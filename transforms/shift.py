"""Values that do not fit their columns: under the wrong headers, or in an unknown form."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from transforms.clean import Context
from transforms.contracts import contract
from transforms.errors import ExportError
from transforms.fields import text
from transforms.fits import fields_by_column, fits
from transforms.mask import masked

KEPT = 100  # values of a column, the first of the file: the same however it was cut into batches
MOSTLY = 0.9
# Values that fit, but could be either of two.
EITHER_WAY = ("day or month first", "percent or fraction")
LONGEST_EXAMPLE = 40
# Numbers fit many columns and so prove nothing, unless they are as long as an id, or dates.
_TELLING = re.compile(r"[^\W\d_]|[^\W_]{8}|\d+[-/.]\d+[-/.]\d+|[$€£₹¥%％٪]")

_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?![-/.]?\d)")  # else it passes for a telephone


@dataclass
class Misfits:
    """The values of one file that do not fit, by column of the contract."""

    dataset: str
    context: Context
    _counts: Counter[str] = field(default_factory=Counter)
    _values: dict[str, list[str]] = field(default_factory=partial(defaultdict, list))

    def add(self, misfits: pd.DataFrame) -> None:
        """Adds a batch's (column, reason, raw_value), in row order."""
        known = misfits[~misfits["reason"].isin(EITHER_WAY)]
        for column, found in known.groupby("column", sort=False):
            name = str(column)
            self._counts[name] += len(found)
            left = KEPT - len(self._values[name])
            if left > 0:
                self._values[name] += [v for v in found["raw_value"] if isinstance(v, str)][:left]

    def merge(self, other: "Misfits") -> None:
        """Adds those of the rows that follow."""
        self._counts.update(other._counts)
        for column, values in other._values.items():
            self._values[column] += values[: max(KEPT - len(self._values[column]), 0)]

    def refuse_shifted(self, file: str, rows: int) -> None:
        """Raises ExportError("shifted") where the values of a column fit another one, whose own
        do not: they stand under the wrong headers. Two columns in a new form do not prove it."""
        odd = self._mostly_odd(rows)
        if len(odd) < 2:
            return
        proofs = [
            f"{one} holds what fits {other}" + (f", such as {example}" if example else "")
            for one, other in self._proofs(odd)
            for example in [self.example(one)]
        ]
        if proofs:
            raise ExportError(
                "shifted",
                f"{file} has values under the wrong headers in more than half of its {rows:,} "
                f"rows: {'; '.join(proofs[:3])}. Or the layout maps the wrong ones. Nothing "
                "was loaded: request a new delivery, or correct the layout.",
            )

    def unread(self, rows: int) -> list[tuple[str, int, str | None]]:
        """Columns in which most values have an unknown form, with an example."""
        return [(c, self._counts[c], self.example(c)) for c in self._mostly_odd(rows)]

    def example(self, column: str) -> str | None:
        """A value of the column for a message; never personal data."""
        values = self._values[column]
        if not values or contract(self.dataset).by_name[column].personal == "hash":
            return None
        even = text.even(values[0])
        date = found[0] if (found := _DATE.match(even)) else ""
        shown = date + masked(even.removeprefix(date))
        return repr(shown if len(shown) <= LONGEST_EXAMPLE else f"{shown[:LONGEST_EXAMPLE]}…")

    def _mostly_odd(self, rows: int) -> list[str]:
        return sorted(c for c, n in self._counts.items() if n > rows / 2)

    def _proofs(self, odd: list[str]) -> list[tuple[str, str]]:
        """(column, the other column that its values fit), for columns whose values do not fit."""
        telling = {
            column: found
            for column in odd
            if len(found := [v for v in self._values[column] if _TELLING.search(v)]) * 2
            > len(self._values[column])
        }
        flat = [v for values in telling.values() for v in values]
        column_of = np.array([c for c, values in telling.items() for _ in values], dtype=object)
        fields = fields_by_column(self.dataset, self.context)
        proofs = []
        for other in odd:
            for raw_field in fields.get(other, []):
                said = fits(flat, raw_field, self.dataset, self.context)
                proofs += [
                    (one, other)
                    for one in telling
                    if one != other and said[column_of == one].mean() >= MOSTLY
                ]
        return list(dict.fromkeys(proofs))
