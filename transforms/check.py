"""Checking: applies the contract to cleaned rows.

Every row is either accepted or rejected. In an accepted row, a value that breaks its rule becomes
null and is counted. Tests compare the verdicts with those of pandera.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clean import Cleaned
from transforms.clean.batch import PROBLEM_COLUMNS
from transforms.clean.no_row import ALONE, TOTAL
from transforms.clean.texts import differ
from transforms.contracts import Column, Contract, contract

OPERATORS = {"<=": pc.less_equal, "<": pc.less}


@dataclass(frozen=True)
class Checked:
    """The outcome of a batch.

    `rows` are all of them, without the values that failed; `is_accepted` says which of them count.
    `rejected` has a row per rejected row: position, column, reason, the value and the whole row as
    text. `value_rejects` counts the values made null in accepted rows by (column, reason);
    `misfits` are all values that do not fit: column, reason, text, in row order.
    """

    rows: pa.Table
    is_accepted: np.ndarray
    rejected: pd.DataFrame
    value_rejects: Counter[tuple[str, str]]
    misfits: pd.DataFrame


def check(
    cleaned: Cleaned, raw: pd.DataFrame, dataset: str, no_rows: pd.DataFrame | None = None
) -> Checked:
    """Divides a batch into accepted and rejected rows. `raw` is the text the rows came from.

    `no_rows` are problems, like those of `cleaned`, for rows that do not belong to the grain.
    """
    terms = contract(dataset)
    failed = pd.concat(
        [no_rows, cleaned.problems, failures(cleaned.rows, terms)], ignore_index=True
    )
    failed["order"] = failed["column"].map({c.name: i for i, c in enumerate(terms.columns)})
    # A parser's reason says more than the null it leaves, so it comes first.
    failed = failed.sort_values(["row", "order"], kind="stable")
    failed = failed.drop_duplicates(["row", "column"])
    fatal = (
        failed["column"]
        .map({c.name: c.on_bad == "row" or c.required for c in terms.columns})
        .astype(bool)
    )

    first = failed[fatal].drop_duplicates("row")
    bad_rows = first["row"].to_numpy(dtype=np.int64)
    rejected = pd.DataFrame(
        {
            "row": bad_rows,
            "column": first["column"].to_numpy(),
            "reason": (first["column"] + ": " + first["reason"]).to_numpy(),
            "raw_value": [None if pd.isna(v) else str(v) for v in first["raw_value"]],
            "raw_row": [
                json.dumps(record, ensure_ascii=False) for record in _records(raw.iloc[bad_rows])
            ],
        }
    )

    is_accepted = np.ones(len(raw), dtype=bool)
    is_accepted[bad_rows] = False
    values = failed[~fatal & ~failed["row"].isin(bad_rows)]
    broken_rules = {r.reason for r in terms.rules}  # the values themselves are readable
    told = ~failed["reason"].isin({"missing", ALONE, TOTAL, *broken_rules})
    return Checked(
        rows=_without(cleaned.rows, values, terms),
        is_accepted=is_accepted,
        rejected=rejected,
        value_rejects=Counter(zip(values["column"], values["reason"], strict=True)),
        misfits=failed.loc[told, ["column", "reason", "raw_value"]],
    )


def _records(raw: pd.DataFrame) -> Iterator[dict[str, str]]:
    """The cells that each row fills, by raw name; of a row that fills none, nothing."""
    columns = {name: raw[name].tolist() for name in raw}
    for place in range(len(raw)):
        yield {
            f"{name}": cells[place] for name, cells in columns.items() if not pd.isna(cells[place])
        }


def failures(rows: pa.Table, terms: Contract, only: tuple[str, ...] | None = None) -> pd.DataFrame:
    """The values that break the contract, as (row, column, reason, raw_value): by rule, then by
    column. Of `only` some columns, each on its own.

    A rule over two columns is counted at the last column that it clears, without a value.
    """
    found: dict[str, list[Any]] = {name: [] for name in PROBLEM_COLUMNS}

    def note(holds: pa.Array, column: str, reason: str, values: pa.Array | None = None) -> None:
        if pc.all(holds).as_py() is not False:  # null where there is no value at all
            return
        where = np.flatnonzero(pc.fill_null(pc.invert(holds), False))
        found["row"] += where.tolist()
        found["column"] += [column] * len(where)
        found["reason"] += [reason] * len(where)
        raw = [None] * len(where) if values is None else values.take(pa.array(where)).to_pylist()
        found["raw_value"] += raw

    for rule in terms.rules if only is None else ():
        holds = OPERATORS[rule.op](rows[rule.left], rows[rule.right])
        note(holds, rule.clears[-1], rule.reason)
    for column in terms.columns:
        if only is None or column.name in only:
            for reason, holds in _held(rows[column.name], column):
                note(holds, column.name, reason, rows[column.name])
    # Values as they are: of whole numbers with a gap pandas would make fractions.
    return pd.DataFrame(found, dtype=object).astype({"row": "int64"})


def _held(values: pa.Array, column: Column) -> Iterator[tuple[str, pa.Array]]:
    """The rules of a column, each by the reason that is counted, and where its values keep it; null
    where there is no value."""
    if column.required:
        yield "missing", pc.is_valid(values)
    if column.pattern:
        reason = column.reason or f"does not match {column.pattern}"
        yield reason, _matches(values, f"^(?:{column.pattern})$")
    if column.values:
        known = pc.is_in(values, pa.array(column.values, values.type))
        yield "not one of the known words", pc.if_else(pc.is_valid(values), known, None)
    if column.min is not None:
        yield f"below {column.min:g}", pc.greater_equal(values, _bound(column.min, values))
    if column.above is not None:
        yield f"not above {column.above:g}", pc.greater(values, _bound(column.above, values))
    if column.max is not None:
        yield f"above {column.max:g}", pc.less_equal(values, _bound(column.max, values))
    lengths = (column.min_length, column.max_length)
    if lengths != (None, None):
        length = pc.utf8_length(values)
        least, most = (0 if lengths[0] is None else lengths[0], lengths[1])
        holds = pc.greater_equal(length, least)
        if most is not None:
            holds = pc.and_(holds, pc.less_equal(length, most))
        yield column.reason or "wrong length", holds


def _matches(values: pa.ChunkedArray, pattern: str) -> pa.Array:
    """Whether each text matches; each distinct one is looked at once, unless nearly all differ."""
    if differ(values):
        return pc.match_substring_regex(values, pattern)
    of = values.combine_chunks().dictionary_encode()
    return pc.match_substring_regex(of.dictionary, pattern).take(of.indices)


def _bound(bound: float, values: pa.Array) -> pa.Scalar:
    is_decimal = pa.types.is_decimal(values.type)
    return pa.scalar(Decimal(str(bound)) if is_decimal else bound)


def _without(rows: pa.Table, failed: pd.DataFrame, terms: Contract) -> pa.Table:
    """The rows without failed values, values made from them, and what a broken rule clears."""
    together = {r.reason: r.clears for r in terms.rules}
    bad: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(rows), dtype=bool))
    for (column, reason), group in failed.groupby(["column", "reason"], sort=False):
        own = terms.by_name[str(column)].clears or (str(column),)
        for name in together.get(str(reason), own):
            bad[name][group["row"].to_numpy(dtype=np.int64)] = True
    for name, where in bad.items():
        values = pc.if_else(pa.array(where), None, rows[name])
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), values)
    return rows
