"""Real exports against a second opinion: values that a person wrote down from the raw text.

The quotes are compared with the files by plain readers, so that the pipeline's own reader is
itself under test: what it reads must clean to what a person read.
"""

import math
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests import plain_readers
from tests.transforms.typed import accepted, frame
from transforms.check import Checked, check
from transforms.clean import CLEANERS, Context
from transforms.contracts import contract
from transforms.markets import market
from transforms.read import open_export
from transforms.read.opened import Noted

EXPORTS = Path(__file__).parents[1].parent / "shared" / "real-exports"
EXPECTED = Path(__file__).parent / "hand_checked"
# The same rows in files that every clone has: words, names, links and numbers of firms made up.
EXCERPTS = Path(__file__).parent / "real_excerpts"

# Files without a date of their own take one night: nothing expected rests on it.
NIGHTS = {
    "rfq_uae_2025-07-13.csv": date(2025, 7, 13),
    "rfq_uae_2025-07-14.csv": date(2025, 7, 14),
    "rfq_world_2025-07-18.xlsx": date(2025, 7, 18),
    "rfq_keyword_2025-07-28.csv": date(2025, 7, 28),
    "listings_usd_en.csv": date(2025, 7, 14),
    "listings_usd_fr.json": date(2025, 7, 14),
    "listings_usd_nbsp_1.csv": date(2025, 7, 14),
    "listings_kes_cp1252.csv": date(2025, 7, 14),
    "listings_detail_with_pk.csv": date(2025, 7, 14),
    "seller_product_export_zh.csv": date(2026, 9, 19),
    "Products-2026-09-19.xls": date(2026, 9, 19),
    "suppliers_en.csv": date(2025, 7, 14),
    "suppliers_gb18030.csv": date(2025, 7, 14),
}
ROWS = dict.fromkeys(plain_readers.BACK_OFFICE, 12)  # all there are; twenty of every other file


def test_every_expectation_is_read() -> None:
    for folder in (EXPECTED, EXCERPTS):
        assert {p.name for p in folder.glob("*.toml")} == {f"{name}.toml" for name in NIGHTS}


@pytest.mark.skipif(
    not EXPORTS.is_dir(),
    reason=f"NOTHING WAS CHECKED BY HAND: the real exports, {EXPORTS}, are absent",
)
@pytest.mark.parametrize("name", NIGHTS)
def test_clean_values_are_those_a_person_reads(name: str) -> None:
    _compare(EXPORTS / name, EXPECTED / f"{name}.toml")


@pytest.mark.parametrize("name", NIGHTS)
def test_clean_values_of_the_excerpts(name: str) -> None:
    _compare(EXCERPTS / name, EXCERPTS / f"{name}.toml")


def _compare(path: Path, expectations: Path) -> None:
    name = path.name
    expected = tomllib.loads(expectations.read_text("utf-8"))["row"]
    assert len({row["row"] for row in expected}) == len(expected) == ROWS.get(name, 20)
    records = plain_readers.records(path)
    wrong = [fault for row in expected for fault in _misquoted(row, records)]
    assert not wrong, "the TOML misquotes the file:\n" + "\n".join(wrong)

    export = open_export(path, name, None)
    table = pd.concat([batch.table for batch in export.batches(Noted())], ignore_index=True)
    assert len(table) == len(records), f"{len(table)} rows read, the file holds {len(records)}"
    raw, _ = export.pieces[0].raw_fields(table)
    dataset = export.layout.dataset
    cleaned = CLEANERS[dataset](raw, Context(NIGHTS[name], market("PK"), b"test-key"))
    checked = check(cleaned, raw, dataset)

    wrong = _unlike(expected, checked)
    wrong += _misplaced(expected, checked, list(contract(dataset).key))
    assert not wrong, f"{len(wrong)} values differ:\n" + "\n".join(wrong)


def _misquoted(row: dict[str, Any], records: list[dict[str, str]]) -> list[str]:
    """Cells that the expectation quotes and the file does not hold; `part` quotes a piece."""
    record = records[row["row"] - 1]
    whole = [(h, text) for h, text in row["raw"].items() if record[h] != text]
    pieces = [(h, text) for h, text in row.get("part", {}).items() if text not in record[h]]
    return [f"row {row['row']}: {h} is {record[h]!r}, not {text!r}" for h, text in whole + pieces]


def _unlike(expected: list[dict[str, Any]], checked: Checked) -> list[str]:
    """Values other than expected, and rows rejected for another column than `reject` names."""
    typed = frame(checked.rows)
    rejected = dict(zip(checked.rejected["row"], checked.rejected["column"], strict=True))
    wrong = []
    for row in expected:
        reject = rejected.get(row["row"] - 1)
        if reject != row.get("reject"):
            wrong.append(f"row {row['row']}: rejected for {reject}, not {row.get('reject')}")
        elif reject is None:
            found = typed.iloc[row["row"] - 1]
            wrong += [
                f"row {row['row']}: {column} is {found.get(column)!r}, should be {value!r}"
                for column, value in row["expect"].items()
                if column not in found or not _same(value, found[column])
            ]
    return wrong


def _misplaced(expected: list[dict[str, Any]], checked: Checked, key: list[str]) -> list[str]:
    """Rows whose key a fuller row has, or an earlier one as full, but for those of `duplicate`."""
    rows = accepted(checked)
    keys = rows[key].astype(str).set_axis(np.flatnonzero(checked.is_accepted) + 1)
    keys["filled"] = rows.notna().sum(axis=1).to_numpy()
    best_first = keys.sort_values("filled", ascending=False, kind="stable")
    losers = set(best_first.index[best_first.duplicated(key)])
    return [
        f"row {row['row']}: {'repeats a key' if row['row'] in losers else 'repeats no key'}"
        for row in expected
        if (row["row"] in losers) != row.get("duplicate", False)
    ]


def _same(expected: Any, found: Any) -> bool:
    if isinstance(expected, dict):
        pairs = dict(found) if isinstance(found, dict | list) else {}
        return expected.keys() == pairs.keys() and all(
            _same(share, pairs[name]) for name, share in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(expected) == len(found)
            and all(map(_same, expected, found))
        )
    if isinstance(found, dict | list):
        return False
    if expected == "null" or pd.isna(found):
        return expected == "null" and bool(pd.isna(found))
    if isinstance(expected, bool):
        return bool(found) is expected
    if isinstance(found, date):  # a Timestamp is one, too
        return bool(found.isoformat()[:10] == expected)
    if isinstance(found, Decimal):
        return bool(found == Decimal(expected))
    if isinstance(found, str):
        return bool(found == expected)
    return math.isclose(float(expected), float(found), abs_tol=1e-12)
