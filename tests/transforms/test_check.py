"""The verdicts of `check` beside those of pandera, by the same contracts."""

import operator
import random
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pandas as pd
import pandera.errors
import pandera.pandas as pa
import pyarrow as arrow
import pytest

from tests.transforms.typed import frame
from transforms import DATASETS
from transforms.check import check, failures
from transforms.clean import CLEANERS, Context
from transforms.contracts import Column, contract
from transforms.markets import market

OPERATORS = {"<=": operator.le, "<": operator.lt}
TEXTS = [
    "",
    "a",
    "ab",
    "abc",
    "AB",
    "PK",
    "USD",
    "0",
    "12345678",
    "123456789012345678",
    "s-" + "0" * 64,
]
TEXTS += ["hangzhou-silk", "-x", "ab:", "é", "羊毛帽", "x" * 300, "a\u200bb", "0" * 64]
NUMBERS = [
    -1,
    0,
    1,
    4,
    5,
    6,
    10,
    100,
    365,
    366,
    9_999_999,
    10_000_000,
    1_000_000_000,
    1_000_000_001,
]
MOMENTS = [datetime(2022, 6, day, tzinfo=UTC) for day in (1, 2, 30)]


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([{}, {}], ["{}", "{}"]),
        (
            [{"country": None, "title": ""}, {"country": "Atlantis"}],
            ['{"title": ""}', '{"country": "Atlantis"}'],
        ),
    ],
)
def test_a_rejected_row_is_kept_with_the_cells_that_it_fills(
    dataset: str, rows: list[dict[str, str | None]], kept: list[str]
) -> None:
    raw = pd.DataFrame(rows, dtype="str")
    context = Context(date(2022, 6, 30), market("PK"), b"key")
    found = check(CLEANERS[dataset](raw, context), raw, dataset)
    assert not found.is_accepted.any()
    assert found.rejected["row"].tolist() == [0, 1]
    assert found.rejected["raw_row"].tolist() == kept


@pytest.mark.parametrize("dataset", DATASETS)
def test_verdicts_are_those_of_pandera(dataset: str) -> None:
    seen: set[tuple[str, str]] = set()
    for size in (0, 1, 2, 400):
        rows = generated(dataset, size, random.Random(size))
        found = failures(rows, contract(dataset))
        assert _by_cell(found) == _by_cell(by_pandera(frame(rows), dataset))
        seen.update(zip(found["column"], found["reason"], strict=True))
    terms = contract(dataset)
    assert len(seen) == len(terms.rules) + sum(
        len(_checks(c)) + c.required for c in terms.columns
    )  # each has failed


def test_of_some_columns_each_is_judged_on_its_own() -> None:
    clicks = arrow.table({"clicks": arrow.array([5, -1], arrow.int64())})
    found = failures(clicks, contract("listings"), ("clicks",))
    assert found.to_dict("records") == [
        {"row": 1, "column": "clicks", "reason": "below 0", "raw_value": -1}
    ]


def generated(dataset: str, size: int, draw: random.Random) -> arrow.Table:
    """Rows of values at the bounds of their columns, and of nulls."""
    columns = {}
    for column in contract(dataset).columns:
        some = [None, *_values(column)]
        columns[column.name] = arrow.array(draw.choices(some, k=size), column.arrow)
    return arrow.table(columns)


def _values(column: Column) -> list[Any]:
    kind = column.arrow
    if arrow.types.is_string(kind):
        return [*TEXTS, *column.values]
    if arrow.types.is_boolean(kind):
        return [True, False]
    if arrow.types.is_integer(kind):
        return [n for n in NUMBERS if n < 2 ** (kind.bit_width - 1)]
    if arrow.types.is_decimal(kind):
        return [Decimal(str(n)) for n in (*NUMBERS, 0.0001, -0.5)]
    if arrow.types.is_floating(kind):
        return [-0.1, 0.0, 0.5, 1.0, 1.01, 5.0, 5.1, 720.5, 1e9]
    if arrow.types.is_date(kind):
        return [date(2022, 6, day) for day in (1, 2, 30)]
    return MOMENTS if arrow.types.is_timestamp(kind) else []


def by_pandera(rows: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Pandera's failure cases as (row, column, reason, raw_value), in its order."""
    blamed = {f"{r.left} {r.op} {r.right}": r for r in contract(dataset).rules}
    try:
        _schema(dataset).validate(rows, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        reasons = cases["check"].replace("not_nullable", "missing")
        found = zip(cases["index"], cases["column"], reasons, cases["failure_case"], strict=True)
        told = [
            (int(row), blamed[why].clears[-1], blamed[why].reason, None)
            if why in blamed
            else (int(row), column, why, raw)
            for row, column, why, raw in found
        ]
        return pd.DataFrame(told, columns=["row", "column", "reason", "raw_value"])
    return pd.DataFrame(columns=["row", "column", "reason", "raw_value"])


def _by_cell(found: pd.DataFrame) -> dict[tuple[int, str], list[tuple[str, Any]]]:
    """Reasons and values of each cell in their order, the first of which counts."""
    cells: dict[tuple[int, str], list[tuple[str, Any]]] = defaultdict(list)
    for row, column, reason, raw in found.itertuples(index=False):
        value = "" if reason == "missing" or raw is None else raw
        if (reason, value) not in cells[row, column]:  # pandera names both columns of a rule
            cells[row, column].append((reason, value))
    return dict(cells)


@cache
def _schema(dataset: str) -> pa.DataFrameSchema:
    terms = contract(dataset)
    columns = {
        c.name: pa.Column(nullable=not c.required, checks=_checks(c))
        for c in terms.columns
        if c.required or _checks(c)
    }

    def rule(left: str, op: str, right: str) -> pa.Check:
        def holds(rows: pd.DataFrame) -> Any:
            return OPERATORS[op](rows[left], rows[right]).fillna(True).astype(bool)

        return pa.Check(holds, error=f"{left} {op} {right}")

    return pa.DataFrameSchema(columns, checks=[rule(r.left, r.op, r.right) for r in terms.rules])


def _checks(column: Column) -> list[pa.Check]:
    """One pandera check per rule of a column; its error text is the reason that is counted."""
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
