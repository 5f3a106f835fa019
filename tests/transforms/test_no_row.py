"""Totals, averages and footers in a table are no rows of it; companies called Total are."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.transforms.read.test_formats import FORMATS, loaded
from tests.transforms.test_shapes import table_of
from transforms import DATASETS
from transforms.clean.no_row import TOTAL
from transforms.contracts import contract
from transforms.lake import gates
from transforms.lake.receipt import Rows, new_receipt
from transforms.layouts import own_layout

LABELS = [
    "Total",
    "TOTAL:",
    "Total: 14",
    "Total (14)",
    "Grand total",
    "Subtotal",
    "Average",
    "Sum",
    "合计",
    "总计：14",
    "Totaux",
    "Sous-total",
    "المجموع",
    "Summe",
    "Exported 14 rows",
    "Page 1 of 3",
    "14 rows",
    "共 14 条",
    "Total sellers: 14",
    "Exported at 2022-06-30 05:00",
]
NAMES = ["Total Sports", "Average Joe", "Sum Chemicals", "Page One", "Totally Fit", "Rows Ltd"]
FIELDS = [
    ("sellers", "seller_id"),
    ("sellers", "company_name"),
    ("listings", "product_id"),
    ("listings", "seller_id"),
    ("listings", "title"),
    ("inquiries", "inquiry_id"),
    ("inquiries", "subject"),
    ("inquiries", "buyer_name"),
]


def row_of(dataset: str, headers: list[str], **cells: str) -> list[Any]:
    """A row with nothing but these raw fields and two numbers, as a total has."""
    named = {own_layout(dataset).columns[f].headers[0]: cell for f, cell in cells.items()}
    row = [named.get(h, "") for h in headers]
    blank = [i for i, h in enumerate(headers) if not row[i] and "id" not in h.casefold()]
    row[blank[-1]] = row[blank[-2]] = "91"
    return row


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(("dataset", "field"), FIELDS)
def test_a_total_is_rejected(dataset: str, field: str, label: str, tmp_path: Path) -> None:
    headers, rows = table_of(dataset)
    total = row_of(dataset, headers, **{field: label})
    content = FORMATS["comma"][1](headers, [*rows[:20], total, *rows[20:]])
    found = loaded(content, f"{dataset}.csv", tmp_path, dataset)
    assert found["reasons"] == {f"{contract(dataset).key[0]}: {TOTAL}": 1}
    assert found["rows"] == {"in": 31, "accepted": 30, "rejected": 1, "duplicate": 0}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_total_is_rejected_in_every_format(dataset: str, form: str, tmp_path: Path) -> None:
    ending, write = FORMATS[form]
    headers, rows = table_of(dataset)
    key = contract(dataset).key[0]
    content = write(headers, [*rows, row_of(dataset, headers, **{key: "Total"})])
    found = loaded(content, f"{dataset}{ending}", tmp_path, dataset)
    assert found["reasons"] == {f"{key}: {TOTAL}": 1}


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_first_filled_cell_and_a_count_beside_it(dataset: str, tmp_path: Path) -> None:
    headers, rows = table_of(dataset)
    key = contract(dataset).key[0]
    counted = row_of(dataset, headers, **{key: "30"})
    content = FORMATS["comma"][1](
        ["Group", *headers], [["all", *r] for r in rows] + [["Total", *counted]]
    )
    found = loaded(content, f"{dataset}.csv", tmp_path, dataset)
    assert found["reasons"] == {f"{key}: {TOTAL}": 1}


@pytest.mark.parametrize("name", [*NAMES, "Total", "Average", "Sum"])
@pytest.mark.parametrize(
    ("dataset", "field"),
    [("sellers", "company_name"), ("listings", "title"), ("inquiries", "subject")],
)
def test_a_row_with_an_id_may_be_called_total(
    dataset: str, field: str, name: str, tmp_path: Path
) -> None:
    headers, rows = table_of(dataset)
    place = headers.index(own_layout(dataset).columns[field].headers[0])
    rows[3][place] = name
    content = FORMATS["comma"][1](headers, rows)
    found = loaded(content, f"{dataset}.csv", tmp_path, dataset)
    assert found["rows"]["accepted"] == 30
    assert name in [r[field] for r in found["clean"]]


def test_a_total_holds_no_night() -> None:
    """One total under a short table is more than the twentieth part that may be rejected."""
    receipt = replace(
        new_receipt("sellers", date(2022, 6, 30)),
        extent="census",
        content="c",
        rows=Rows(15, 14, 1, 0),
    )
    total = replace(receipt, reasons={f"seller_id: {TOTAL}": 1})
    other = replace(receipt, reasons={"seller_id: malformed": 1})
    assert gates.judge(total, (), 1, None, {}).status == "ok"
    assert gates.judge(other, (), 1, None, {}).status == "held"
