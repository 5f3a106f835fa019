"""Values under wrong headers are proved by the columns that they fit; a new form is no shift."""

import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.transforms.read.test_formats import as_csv, loaded
from tests.transforms.test_shapes import table_of
from transforms import DATASETS
from transforms.errors import ExportError
from transforms.read import delimited

# Two columns of each dataset, and a form that no parser knows for each.
NEW_FORMS = {
    "sellers": [
        ("Orders (6 months)", "about 2 gross"),
        ("Order Value (6 months)", "ten grand"),
        ("Paid From", "Lady Day 2019"),
        ("Paid To", "Lady Day 2023"),
        ("Years", "a dozen"),
        ("Response Rate", "nearly all"),
        ("On-time Delivery Rate", "nearly all"),
        ("Store Rating", "A+"),
        ("Membership", "Platinum++"),
        ("Country/Region", "Back o' Bourke"),
    ],
    "listings": [
        ("Price", "ten a penny"),
        ("MOQ", "a lorry load"),
        ("Lead Time", "soon"),
        ("Created", "Lady Day 2019"),
        ("Modified", "Lady Day 2020"),
        ("Impressions", "lots"),
        ("Reviews", "heaps"),
        ("Ready to Ship", "maybe so"),
    ],
    "inquiries": [
        ("received_at", "Lady Day 2019"),
        ("first_reply_at", "Lady Day 2020"),
        ("buyer_country", "Back o' Bourke"),
        ("is_spam", "maybe so"),
        ("quantity", "a few"),
    ],
}
COLUMNS = {
    "Orders (6 months)": "orders_6m",
    "Order Value (6 months)": "order_value_6m_min_usd",
    "Price": "price_min",
    "MOQ": "moq",
    "received_at": "posted_at",
    "is_spam": "is_spam",
}


def with_columns(dataset: str, count: int, values: dict[str, str]) -> tuple[list[str], list[Any]]:
    headers, rows = table_of(dataset, count)
    more = [h for h in values if h not in headers]
    places = {h: i for i, h in enumerate([*headers, *more])}
    rows = [[*row, *[""] * len(more)] for row in rows]
    for header, value in values.items():
        for row in rows:
            row[places[header]] = value
    return list(places), rows


@pytest.mark.parametrize("count", [1, 9, 10, 40])
@pytest.mark.parametrize("dataset", DATASETS)
def test_columns_in_a_new_form_are_null_and_shown(dataset: str, count: int, tmp_path: Path) -> None:
    values = dict(NEW_FORMS[dataset])
    headers, rows = with_columns(dataset, count, values)
    found = loaded(as_csv(headers, rows), f"{dataset}.csv", tmp_path, dataset)
    assert found["rows"]["accepted"] == count
    shown = {w["column"]: w for w in found["warnings"] if w["code"] == "unread_form"}
    assert len(shown) == len(values)
    for header, column in COLUMNS.items():
        if header in values:
            assert shown[column]["count"] == count
            assert shown[column]["example"] == repr(values[header])
            assert sum(found["value_rejects"][column].values()) == count
            assert all(row[column] is None for row in found["clean"])


@pytest.mark.parametrize("day", ["", "2022-06-30 "])
def test_an_example_shows_nobody(day: str, tmp_path: Path) -> None:
    many = f"{day}jane@firm.pk 0300 1234567 says many"
    values = {"Phone": "ask for Jane", "Orders (6 months)": many}
    headers, rows = with_columns("sellers", 12, values)
    found = loaded(as_csv(headers, rows), "sellers.csv", tmp_path, "sellers")
    shown = {w["column"]: w.get("example") for w in found["warnings"] if w["code"] == "unread_form"}
    assert shown == {"phone_key": None, "orders_6m": f"'{day}[mail] [phone] says many'"}


@pytest.mark.parametrize("count", [1, 9])
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_shift_is_refused_however_few_the_rows(dataset: str, count: int, tmp_path: Path) -> None:
    headers, rows = table_of(dataset, count)
    for by in range(1, len(headers)):
        content = as_csv(headers, [row[by:] + row[:by] for row in rows])
        with pytest.raises(ExportError) as refused:
            loaded(content, f"{dataset}.csv", Path(tempfile.mkdtemp(dir=tmp_path)), dataset)
        assert refused.value.code == "shifted", by
        assert "holds what fits" in str(refused.value)


SWAPPED = {
    "sellers": [("Country/Region", "Paid From"), ("Membership", "Paid To")],
    "listings": [("Product ID", "Status"), ("Category ID", "Display")],
    "inquiries": [("inquiry_id", "received_at"), ("buyer_country", "channel")],
}


@pytest.mark.parametrize("dataset", DATASETS)
def test_two_headers_that_changed_places_are_found(dataset: str, tmp_path: Path) -> None:
    for pair in SWAPPED[dataset]:
        headers, rows = table_of(dataset, 12)
        one, other = map(headers.index, pair)
        headers[one], headers[other] = headers[other], headers[one]
        with pytest.raises(ExportError) as refused:
            loaded(
                as_csv(headers, rows), f"{dataset}.csv", tmp_path / ".." / tmp_path.name, dataset
            )
        assert refused.value.code == "shifted"
        tmp_path = Path(tempfile.mkdtemp(dir=tmp_path))


def test_the_verdict_does_not_depend_on_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, rows = with_columns("sellers", 200, dict(NEW_FORMS["sellers"]))
    found = []
    for block in (1 << 20, 1 << 12):
        monkeypatch.setattr(delimited, "BLOCK", block)
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        found.append(loaded(as_csv(headers, rows), "sellers.csv", folder, "sellers")["warnings"])
    assert found[0] == found[1]
