"""Rows of a table that do not belong to its grain: totals, averages, footers, single values."""

import re
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import fields
from transforms.clean.batch import PROBLEM_COLUMNS
from transforms.contracts import Contract
from transforms.fields import text

ALONE = "alone in its row"
TOTAL = "a total or a footer, no row"
SHORTEST_ROW = 4  # columns; in fewer one value may be all there is

_NUMBER = r"\d[\d.,]*"
# Ids and links, which neither a total nor a blank looks like: most rows end here.
_PLAINLY_AN_ID = r"^\s*[A-Za-z-]{0,6}[0-9]{6}|://"
# The number of rows, next to the word or in its place; too short for an id.
_COUNT = re.compile(r"\d{1,5}|\d{1,3}(?:[,. ]\d{3})+")


def no_rows(table: pd.DataFrame, raw: pd.DataFrame, terms: Contract) -> pd.DataFrame:
    """Problems at the key, one per row that does not belong; positions are those of the table.

    `table` is the text under the file's own headers, `raw` the same under the contract's names.
    """
    alone = _of_one_value(table)
    totals = np.setdiff1d(_totals(table, raw, terms), alone)
    found = [(row, terms.key[0], ALONE, None) for row in alone.tolist()]
    found += [(row, terms.key[0], TOTAL, None) for row in totals.tolist()]
    return pd.DataFrame(found, columns=PROBLEM_COLUMNS)


def _of_one_value(table: pd.DataFrame) -> np.ndarray:
    """Positions of rows with a single value, such as the total under a table."""
    if len(table.columns) < SHORTEST_ROW:
        return np.empty(0, dtype=np.int64)
    rows, filled = np.arange(len(table)), np.zeros(len(table), dtype=np.int32)
    for column in table:
        cells = table[column].iloc[rows]
        filled[rows] += (cells.notna() & (cells != "")).to_numpy()
        rows = rows[filled[rows] < 2]  # nearly all rows end here, after two columns
        if not len(rows):
            break
    return np.flatnonzero(filled == 1)


def _totals(table: pd.DataFrame, raw: pd.DataFrame, terms: Contract) -> np.ndarray:
    """Positions of rows with a word for a total and nothing else that identifies a row.

    A company called `Total Sports`, or `Total`, also has an id or a link.
    """
    identifying = [f for f in terms.identifying if f in raw]
    rows: np.ndarray = np.arange(len(table))
    labelled = np.zeros(len(table), dtype=bool)
    for field in identifying:
        cells = pa.array(raw[field].iloc[rows], pa.string(), from_pandas=True)
        ids = pc.fill_null(pc.match_substring_regex(cells, _PLAINLY_AN_ID), False)
        rows = rows[~ids.to_numpy(zero_copy_only=False)]
        codes, distinct = pd.factorize(raw[field].iloc[rows])
        kinds = np.array([_kind(t) for t in distinct] + ["blank"])[codes]
        labelled[rows[kinds == "label"]] = True
        rows = rows[kinds != "other"]
        if not len(rows):
            return rows
    sellers = raw["seller_id"] if "seller_id" in raw else pd.Series(None, index=raw.index)
    is_total = [
        labelled[r] or _begins_with_label(table.iloc[r]) or _kind(sellers.iloc[r]) == "label"
        for r in rows
    ]
    found: np.ndarray = rows[np.array(is_total, dtype=bool)]
    return found


def _begins_with_label(row: pd.Series) -> bool:
    return next((_kind(cell) for cell in row if _kind(cell) != "blank"), "") == "label"


def _kind(cell: object) -> str:
    """`label` of a total or footer, a `count` next to it, `blank`, or `other`."""
    even = text.known(cell) if isinstance(cell, str) else None
    if even is None:
        return "blank"
    if _COUNT.fullmatch(even):
        return "count"
    return (
        "label" if len(even) < 80 and _labels().fullmatch(even.strip("*-–—=_#.:： ")) else "other"
    )


@cache
def _labels() -> re.Pattern[str]:
    words = tomllib.loads(Path(fields.__file__).with_name("totals.toml").read_text("utf-8"))
    total, thing = (
        "|".join(re.escape(w) for w in sorted(words[kind], key=len, reverse=True))
        for kind in ("totals", "things")
    )
    footers = "|".join(f.replace("{n}", _NUMBER) for f in words["footers"])
    return re.compile(
        rf"(?:{total})(?: ?(?:of )?(?:{thing}))?(?: ?\([^()]{{0,20}}\))?"
        rf"\W*(?:{_NUMBER}\W*)?(?:{thing})?\W*"
        rf"|{_NUMBER} ?(?:{thing})(?: (?:exported|selected|found|total|in total))?"
        rf"|{footers}",
        re.IGNORECASE,
    )
