"""Inputs that once broke the line, each named after what went wrong."""

import json
import pickle
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.transforms.typed import accepted
from transforms import mask, night
from transforms.check import check
from transforms.clean import CLEANERS, Context
from transforms.errors import ExportError
from transforms.lake import Lake
from transforms.layouts import fitting
from transforms.markets import market
from transforms.sample import write_sample
from transforms.settings import settings

NIGHT = date(2022, 6, 30)
CONTEXT = Context(NIGHT, market("PK"), b"key")
INQUIRY = {
    "inquiry_id": "1234567890",
    "channel": "inquiry",
    "member_id": "pk1",
    "subject": "Price please",
    "buyer_name": "Ann",
    "buyer_country": "US",
    "quantity": "10",
    "unit": "Piece/Pieces",
    "received_at": "2022-06-30T10:00:00+05:00",
}


def checked(dataset: str, rows: list[dict[str, str]]) -> tuple[list[dict[Any, Any]], list[str]]:
    raw = pd.DataFrame(rows, dtype="str").fillna("")
    result = check(CLEANERS[dataset](raw, CONTEXT), raw, dataset)
    return accepted(result).to_dict("records"), list(result.rejected["reason"])


def raw_inquiry(**changed: str) -> dict[str, str]:
    table = pd.DataFrame([INQUIRY | changed], dtype="str")
    layout = fitting(table.columns, "inquiries")
    assert layout
    fields, _ = layout.raw_fields(table)
    return {str(k): v for k, v in fields.to_dict("records")[0].items()}


def test_inquiries_without_a_number_are_not_taken_for_one_another() -> None:
    rows = [raw_inquiry(inquiry_id="", member_id=f"pk{n}", buyer_name=f"B{n}") for n in range(3)]
    accepted, reasons = checked("inquiries", rows)
    assert accepted == []
    assert reasons == ["inquiry_id: missing"] * 3


@pytest.mark.parametrize("when", ["0001-01-01 00:00:00", "9999-12-31T23:59:59-08:00"])
def test_null_dates_of_programs_are_no_times(when: str) -> None:
    row = raw_inquiry() | {"first_reply": when, "posted": when}
    (accepted,), _ = checked("inquiries", [row])
    assert pd.isna(accepted["first_reply_at"])
    assert pd.isna(accepted["posted_at"])
    listing = {"product_id": "12345678", "title": "Ball", "created": when}
    (accepted,), _ = checked("listings", [listing])
    assert pd.isna(accepted["gmt_create"])


def test_a_quantity_beyond_measure_has_no_base_quantity() -> None:
    row = raw_inquiry() | {"quantity": "999999999999", "quantity_unit": "Metric Ton"}
    (accepted,), _ = checked("inquiries", [row])
    assert accepted["quantity"] == 999999999999
    assert pd.isna(accepted["quantity_base"])


@pytest.mark.parametrize("price", ["$0", "$99999999"])
def test_what_is_made_from_a_refused_price_goes_with_it(price: str) -> None:
    row = {"product_id": "12345678", "title": "Ball", "price": price, "moq": "0 pieces"}
    (accepted,), _ = checked("listings", [row])
    for column in (
        "price_min",
        "price_max",
        "price_min_usd",
        "price_max_usd",
        "moq",
        "moq_base_qty",
    ):
        assert pd.isna(accepted[column]), column


def test_a_strange_store_link_does_not_cost_a_seller_its_row() -> None:
    rows = [
        {"seller_id": "pk1", "storefront_url": "https://firm.m.alibaba.com/"},
        {"seller_id": "", "storefront_url": "https://pk2.trustpass.alibaba.com/"},
        {"seller_id": "", "storefront_url": "www.firm3.com"},
    ]
    accepted, reasons = checked("sellers", rows)
    assert [r["seller_id"] for r in accepted] == ["pk1", "pk2"]
    assert reasons == ["seller_id: malformed"]


@pytest.mark.parametrize(
    "words", ["Call +92 300 1234567.", "0300.123.4567", "+92/300/1234567", "whatsapp03001234567"]
)
def test_telephones_are_masked_in_any_dress(words: str) -> None:
    masked = mask.masked(words)
    assert "[phone]" in masked
    assert not any(c.isdigit() for c in masked)


def test_errors_come_back_whole_from_another_process() -> None:
    error = ExportError("cut", "it is cut", nearest_layout="x", missing=["a"])
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, str(again), again.nearest_layout, again.missing) == (
        "cut",
        "it is cut",
        "x",
        ["a"],
    )


@pytest.fixture
def delivered(home: Path) -> Path:
    write_sample(home / "exports", NIGHT, NIGHT, scale=0.01)
    return home / "exports"


@pytest.mark.parametrize(
    "manifest", ['{"files": [{"name"', '{"files": [{"name": "sellers.csv", "bytes": "12"}]}', "[]"]
)
def test_a_broken_manifest_refuses_its_delivery_and_no_other(
    manifest: str, delivered: Path
) -> None:
    folder = delivered / f"{NIGHT}.r2"
    folder.mkdir()
    (folder / "manifest.json").write_text(manifest)
    (folder / "sellers.csv").write_bytes((delivered / f"{NIGHT}" / "sellers.csv").read_bytes())
    assert night.run("sellers", NIGHT, settings()).status == "refused"
    receipt = Lake(settings().lake).receipt("sellers", NIGHT)
    assert receipt
    assert (receipt.status, receipt.revision) == ("ok", 1)


def test_a_third_delivery_may_arrive_before_the_second(delivered: Path) -> None:
    (delivered / f"{NIGHT}").rename(delivered / f"{NIGHT}.r3")
    receipt = night.run("sellers", NIGHT, settings())
    assert (receipt.status, receipt.revision) == ("ok", 3)


def test_an_error_page_is_no_night_without_inquiries(delivered: Path) -> None:
    folder = delivered / f"{NIGHT}"
    (folder / "manifest.json").unlink(missing_ok=True)
    (folder / "inquiries.json").write_text('{"error": "session expired"}')
    receipt = night.run("inquiries", NIGHT, settings())
    assert receipt.status == "refused"
    assert "api_error" in (receipt.reason or "")


def test_a_key_that_comes_up_late_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.read.json_rows.BATCH", 2)
    rows = [INQUIRY | {"inquiry_id": f"{10_000_000 + n}"} for n in range(5)]
    rows[4]["is_spam"] = True  # type: ignore[assignment]
    folder = home / "exports" / f"{NIGHT}"
    folder.mkdir()
    (folder / "inquiries.json").write_text(json.dumps(rows))
    receipt = night.run("inquiries", NIGHT, settings())
    assert receipt.rows.accepted == 5
    (path,) = Lake(settings().lake).part_paths(receipt, "rows")
    assert pd.read_parquet(path)["is_spam"].tolist() == [None, None, None, None, True]


def test_a_page_capped_file_of_rejects_is_held(home: Path) -> None:
    rows = [INQUIRY | {"inquiry_id": f"{10_000_000 + n}", "channel": "fax"} for n in range(2000)]
    folder = home / "exports" / f"{NIGHT}"
    folder.mkdir()
    (folder / "inquiries.json").write_text(json.dumps(rows))
    receipt = night.run("inquiries", NIGHT, settings())
    assert receipt.status == "held"
    assert "2,000 of 2,000 rows rejected" in (receipt.reason or "")
    assert night.run("inquiries", NIGHT, settings(), gate="off").status == "partial"
