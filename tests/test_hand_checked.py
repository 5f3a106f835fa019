"""Real exports against a second opinion: values that a person wrote down from the raw text."""

import csv
import math
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from transforms.check import check
from transforms.clean import CLEANERS, Context
from transforms.layouts import recognise
from transforms.markets import market

EXPORTS = Path(__file__).parents[1].parent / "shared" / "real-exports"
EXPECTED = Path(__file__).parent / "hand_checked"

# The two files without a date of their own take the later night: nothing expected rests on it.
NIGHTS = {
    "rfq_uae_2025-07-13.csv": date(2025, 7, 13),
    "rfq_uae_2025-07-14.csv": date(2025, 7, 14),
    "listings_usd_en.csv": date(2025, 7, 14),
    "suppliers_en.csv": date(2025, 7, 14),
}


def test_every_expectation_is_read() -> None:
    assert {p.name for p in EXPECTED.iterdir()} == {f"{name}.toml" for name in NIGHTS}


@pytest.mark.skipif(
    not EXPORTS.is_dir(),
    reason=f"NOTHING WAS CHECKED BY HAND: the real exports, {EXPORTS}, are absent",
)
@pytest.mark.parametrize("name", NIGHTS)
def test_clean_values_are_those_a_person_reads(name: str) -> None:
    expected = tomllib.loads((EXPECTED / f"{name}.toml").read_text("utf-8"))["row"]
    assert len({row["row"] for row in expected}) == len(expected) == 20
    with (EXPORTS / name).open(encoding="utf-8-sig", newline="") as file:
        headers, *records = csv.reader(file)
    wrong = [fault for row in expected for fault in _misquoted(row, headers, records)]
    assert not wrong, "the TOML misquotes the file:\n" + "\n".join(wrong)

    layout = recognise(headers, None, name)
    table = pd.DataFrame(records, columns=headers, dtype="str")
    raw, _ = layout.raw_fields(table)
    cleaned = CLEANERS[layout.dataset](raw, Context(NIGHTS[name], market("PK"), b"test-key"))
    checked = check(cleaned, raw, layout.dataset)
    places = {int(position): place for place, position in enumerate(checked.positions)}

    for row in expected:
        place = places.get(row["row"] - 1)
        if place is None:
            wrong.append(f"row {row['row']}: rejected")
            continue
        found = checked.accepted.iloc[place]
        wrong += [
            f"row {row['row']}: {column} is {found[column]!r}, should be {value!r}"
            for column, value in row["expect"].items()
            if not _same(value, found[column])
        ]
    assert not wrong, f"{len(wrong)} values differ:\n" + "\n".join(wrong)


def _misquoted(row: dict[str, Any], headers: list[str], records: list[list[str]]) -> list[str]:
    """Cells that the expectation quotes and the file does not hold; `part` quotes a piece."""
    record = dict(zip(headers, records[row["row"] - 1], strict=True))
    whole = [(h, text) for h, text in row["raw"].items() if record[h] != text]
    pieces = [(h, text) for h, text in row.get("part", {}).items() if text not in record[h]]
    return [f"row {row['row']}: {h} is {record[h]!r}, not {text!r}" for h, text in whole + pieces]


def _same(expected: Any, found: Any) -> bool:
    if isinstance(expected, dict):
        pairs = dict(found) if isinstance(found, dict | list) else {}
        return expected.keys() == pairs.keys() and all(
            _same(share, pairs[name]) for name, share in expected.items()
        )
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(_same, expected, found))
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
