"""Checking: pandera applies the contract to cleaned rows.

Every row is either accepted or rejected. In an accepted row, a value that breaks its rule becomes
null and is counted.
"""

import json
import operator
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pandera.errors
import pandera.pandas as pa

from transforms.clean import Cleaned
from transforms.clean.no_row import ALONE, TOTAL
from transforms.contracts import Column, Contract, Rule, contract

OPERATORS = {"<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Checked:
    """The outcome of a batch.

    `rejected` has a row per rejected row: position, column, reason, the value and the whole row
    as text. `value_rejects` counts the values made null in accepted rows by (column, reason);
    `misfits` are all values that do not fit: column, reason, text, in row order.
    """

    accepted: pd.DataFrame
    positions: np.ndarray
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
                json.dumps({k: v for k, v in record.items() if not pd.isna(v)}, ensure_ascii=False)
                for record in raw.iloc[bad_rows].to_dict("records")
            ],
        }
    )

    kept = ~np.isin(np.arange(len(raw)), bad_rows)
    values = failed[~fatal & ~failed["row"].isin(bad_rows)]
    rows = _clear(cleaned.rows, values, terms)
    broken_rules = {r.reason for r in terms.rules}  # the values themselves are readable
    told = ~failed["reason"].isin({"missing", ALONE, TOTAL, *broken_rules})
    return Checked(
        accepted=rows[kept],
        positions=np.flatnonzero(kept),
        rejected=rejected,
        value_rejects=Counter(zip(values["column"], values["reason"], strict=True)),
        misfits=failed.loc[told, ["column", "reason", "raw_value"]],
    )


def failures(
    rows: pd.DataFrame, terms: Contract, only: tuple[str, ...] | None = None
) -> pd.DataFrame:
    """Pandera's failure cases as (row, column, reason, raw_value); of `only` some columns, each
    on its own."""
    try:
        _schema(terms.dataset, only).validate(rows, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        reasons = cases["check"].replace("not_nullable", "missing")
        # A rule over two columns fails on the whole frame: count it at the last column it clears.
        blamed = {_rule_name(r): (r.clears[-1], r.reason) for r in terms.rules}
        return pd.DataFrame(
            {
                "row": cases["index"].astype("int64"),
                "column": [
                    blamed[c][0] if c in blamed else column
                    for c, column in zip(reasons, cases["column"], strict=True)
                ],
                "reason": [blamed[c][1] if c in blamed else c for c in reasons],
                "raw_value": cases["failure_case"].astype(object),
            }
        )
    return pd.DataFrame(
        {"row": pd.Series(dtype="int64"), "column": [], "reason": [], "raw_value": []}
    )


def _clear(rows: pd.DataFrame, failed: pd.DataFrame, terms: Contract) -> pd.DataFrame:
    """Nulls failed values, values made from them, and columns that a broken rule clears."""
    if failed.empty:
        return rows
    together = {r.reason: r.clears for r in terms.rules}
    rows = rows.copy()
    for (column, reason), group in failed.groupby(["column", "reason"], sort=False):
        bad = np.zeros(len(rows), dtype=bool)
        bad[group["row"].to_numpy(dtype=np.int64)] = True
        own = terms.by_name[str(column)].clears or (str(column),)
        for name in together.get(str(reason), own):
            rows[name] = rows[name].mask(bad)
    return rows


@cache
def _schema(dataset: str, only: tuple[str, ...] | None = None) -> pa.DataFrameSchema:
    terms = contract(dataset)
    columns = {c.name: _column(c) for c in terms.columns if _judged(c)}
    if only is not None:
        return pa.DataFrameSchema({name: columns[name] for name in only if name in columns})
    return pa.DataFrameSchema(columns, checks=[_rule(r) for r in terms.rules])


def _judged(column: Column) -> bool:
    return column.required or bool(_checks(column))


def _column(column: Column) -> pa.Column:
    return pa.Column(nullable=not column.required, checks=_checks(column))


def _checks(column: Column) -> list[pa.Check]:
    """One pandera check per rule of the contract; its error text is the reason that is counted."""
    checks: list[pa.Check] = []
    if column.pattern:
        reason = column.reason or f"does not match {column.pattern}"
        checks.append(pa.Check.str_matches(f"^(?:{column.pattern})$", error=reason))
    if column.values:
        checks.append(pa.Check.isin(column.values, error="not one of the known words"))
    if column.min is not None:
        checks.append(pa.Check.ge(column.min, error=f"below {column.min:g}"))
    if column.above is not None:
        checks.append(pa.Check.gt(column.above, error=f"not above {column.above:g}"))
    if column.max is not None:
        checks.append(pa.Check.le(column.max, error=f"above {column.max:g}"))
    if column.min_length is not None or column.max_length is not None:
        checks.append(
            pa.Check.str_length(
                column.min_length, column.max_length, error=column.reason or "wrong length"
            )
        )
    return checks


def _rule_name(rule: Rule) -> str:
    return f"{rule.left} {rule.op} {rule.right}"


def _rule(rule: Rule) -> pa.Check:
    compare = OPERATORS[rule.op]

    def holds(rows: pd.DataFrame) -> Any:
        return compare(rows[rule.left], rows[rule.right]).fillna(True).astype(bool)

    return pa.Check(holds, error=_rule_name(rule))
