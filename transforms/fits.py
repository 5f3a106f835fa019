"""Which kind of value a text is, according to the cleaners and the contract."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from transforms.check import failures
from transforms.clean import CLEANERS, Cleaned, Context
from transforms.contracts import contract

# Texts that fit no kind of value: a field that accepts them is free text and tells nothing.
NONSENSE = ("Zqx wvu, of", "?! ~", "xq:zw [qq]")


def fits(values: Sequence[str], field: str, dataset: str, context: Context) -> np.ndarray:
    """The texts that a raw field of the dataset accepts; none if it accepts anything."""
    cleaned, refused = _tried([*values, *NONSENSE, ""], field, dataset, context)
    taken = np.zeros(len(cleaned.rows), dtype=bool)
    for column in cleaned.rows.columns:
        there = column.is_valid().to_numpy()
        if not there[-1]:
            taken |= there
    taken[refused["row"].to_numpy(dtype=np.int64)] = False
    said, nonsense = taken[: len(values)], taken[len(values) : -1]
    return np.zeros(len(values), dtype=bool) if nonsense.any() else said


_by_column: dict[str, dict[str, list[str]]] = {}


def fields_by_column(dataset: str, context: Context) -> dict[str, list[str]]:
    """The raw fields whose bad values count at a column of the contract."""
    if dataset in _by_column:
        return _by_column[dataset]  # the same in every market and on every night
    found: dict[str, list[str]] = {}
    for field in contract(dataset).raw:
        _, refused = _tried(NONSENSE, field, dataset, context)
        for column in set(refused["column"]):
            found.setdefault(column, []).append(field)
    _by_column[dataset] = found
    return found


def _tried(
    texts: Sequence[str], field: str, dataset: str, context: Context
) -> tuple[Cleaned, pd.DataFrame]:
    raw = pd.DataFrame({field: pd.Series(list(texts), dtype="str")})
    cleaned = CLEANERS[dataset](raw, context)
    rows = cleaned.rows
    filled = tuple(c for c in rows.column_names if rows[c].null_count < len(rows))
    broken = failures(rows, contract(dataset), filled)
    found = pd.concat([cleaned.problems, broken], ignore_index=True)
    return cleaned, found[found["reason"] != "missing"]
