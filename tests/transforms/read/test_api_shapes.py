"""Answers of the API: exact numbers, epochs, nested dates; and JSON that would mislead a reader.

The answers in `api/` are made up; only their shape is real.
"""

import contextlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.transforms.read.test_formats import (
    HEADERS,
    LISTINGS,
    as_records,
    loaded,
    outcomes,
    read,
    refusal,
)
from transforms.errors import ExportError

API = Path(__file__).with_name("api")
RECORDS = as_records(HEADERS, LISTINGS)


def answer(name: str, folder: Path, dataset: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The account of an answer, and its clean rows."""
    found = loaded((API / f"{name}.json").read_bytes(), f"{dataset}.json", folder, dataset)
    return found, found.pop("clean")


def part(row: dict[str, Any], **expected: Any) -> bool:
    assert {name: row[name] for name in expected} == expected
    return True


def test_products_of_the_api(tmp_path: Path) -> None:
    found, (ball, gloves, bat) = answer("product_list", tmp_path, "listings")
    assert found["layout"] == "listings_api_products"
    assert found["rows"] == {"in": 3, "accepted": 3, "rejected": 0, "duplicate": 0}
    assert found["value_rejects"] == {}
    assert found["drift"]["new_columns"] == []
    assert part(
        ball,
        product_id="1601740791024",
        id_is_surrogate=False,
        product_id_masked="AAFmadeUp0G1K",
        title="Hand stitched soccer ball, size 5",
        category_id="3",
        status="approved",
        is_listed=True,
        product_type="wholesale",
        is_rts=True,
        price_min=None,
        moq=None,
        gmt_create=datetime(2022, 1, 9, 23, 4, 2, tzinfo=UTC),
        gmt_modified=datetime(2022, 6, 9, 22, 4, 2, tzinfo=UTC),
    )
    assert part(
        gloves,
        product_id="9007199254740993",
        status="rejected",
        is_listed=False,
        product_type="sourcing",
        is_rts=False,
        gmt_create=datetime(2022, 2, 1, 8, tzinfo=UTC),
    )
    assert part(
        bat,
        product_id="62041234567",
        title="Cricket bat [draft] {new}",
        status="draft",
        category_id=None,
        product_type=None,
        is_rts=None,
    )


def test_details_of_products(tmp_path: Path) -> None:
    found, (ball, gloves) = answer("product_details", tmp_path, "listings")
    assert found["layout"] == "listings_api_products"
    assert found["drift"]["new_columns"] == []
    assert found["value_rejects"] == {}
    assert part(
        ball,
        product_id="1601740791024",
        price_min=Decimal("3.5"),
        price_max=Decimal("1200"),
        price_currency="USD",
        price_min_usd=Decimal("3.5"),
        price_unit="piece",
        moq=Decimal("1000"),
        moq_unit="piece",
        moq_base_qty=Decimal("1000"),
        lead_time_days=None,
    )
    assert part(
        gloves,
        status="in_review",
        price_min=Decimal("7.9"),
        price_max=Decimal("7.9"),
        price_currency="USD",
        price_unit="pair",
        moq=Decimal("12"),
        moq_unit="pair",
        lead_time_days=7,
    )


def test_requests_for_quotation_of_the_api(tmp_path: Path) -> None:
    found, (balls, scissors, gloves) = answer("rfq_search", tmp_path, "inquiries")
    assert found["layout"] == "inquiries_api_rfq"
    assert found["rows"] == {"in": 3, "accepted": 3, "rejected": 0, "duplicate": 0}
    assert found["value_rejects"] == {}
    assert found["drift"]["new_columns"] == []
    noon = datetime(2022, 6, 30, 4, tzinfo=UTC)
    assert part(
        balls,
        inquiry_id="1901234567",
        id_is_surrogate=False,
        channel="rfq",
        seller_id=None,
        subject="Looking for 1500 soccer balls",
        description="Size 5, to [mail] or [phone]",
        posted_at=noon,
        posted_at_precision="second",
        posted_date_local=date(2022, 6, 30),
        posted_date_platform=date(2022, 6, 29),
        received_at=None,
        expires_at=datetime(2022, 7, 30, 4, tzinfo=UTC),
        buyer_country_iso2="GB",
        quantity=Decimal("1500"),
        quantity_unit="piece",
        quantity_base=Decimal("1500"),
        quotes_left=7,
        quotes_received=3,
        language="en-US",
    )
    assert part(
        scissors,
        inquiry_id="22960684501041669",
        quantity=Decimal("12.5"),
        posted_at=noon,
        quantity_unit="kilogram",
        quotes_left=0,
        quotes_received=10,
        expires_at=None,
        language="de-DE",
    )
    assert part(gloves, id_is_surrogate=True, quantity_unit="pair", language=None)


def test_orders_of_the_api(tmp_path: Path) -> None:
    found, (done, unpaid, undated) = answer("order_list", tmp_path, "inquiries")
    assert found["layout"] == "inquiries_api_orders"
    assert found["rows"] == {"in": 3, "accepted": 3, "rejected": 0, "duplicate": 0}
    assert found["value_rejects"] == {}
    assert found["drift"]["new_columns"] == []
    assert part(
        done,
        inquiry_id="22960684501041669",
        channel="order",
        subject="Online order",
        posted_at=datetime(2022, 6, 30, 0, 39, 40, tzinfo=UTC),
        posted_at_precision="second",
        posted_date_platform=date(2022, 6, 29),
        posted_date_local=date(2022, 6, 30),
    )
    assert part(
        unpaid,
        inquiry_id="22960684501041670",
        posted_at=datetime(2022, 1, 1, 1, 20, tzinfo=UTC),
        posted_date_platform=date(2021, 12, 31),
    )
    assert part(undated, inquiry_id="1234567", posted_at=None, posted_at_precision=None)


@pytest.mark.parametrize("name", ["product_list", "rfq_search", "order_list"])
def test_an_answer_is_known_without_its_dataset(name: str, tmp_path: Path) -> None:
    content = (API / f"{name}.json").read_bytes()
    assert len(read(content, "answer.json", tmp_path, None).rows) == 3


@pytest.mark.parametrize(
    "error",
    [
        {"error_response": {"code": 27, "msg": "Invalid session", "sub_code": "session-expired"}},
        {"error_response": {"code": 11, "errors": [{"sub_msg": "InsufficientPermission"}]}},
        [{"code": 27, "msg": "Invalid session"}],
    ],
)
@pytest.mark.parametrize("dataset", ["listings", "inquiries"])
def test_an_error_is_no_export(error: Any, dataset: str, tmp_path: Path) -> None:
    content = json.dumps(error).encode()
    code = "unknown_layout" if isinstance(error, list) else "api_error"
    assert refusal(content, f"{dataset}.json", tmp_path, dataset) == code


PAGES: dict[str, Any] = {
    "two arrays": {"products": RECORDS[:6], "more": RECORDS[6:]},
    "two pages": {"page1": {"products": RECORDS[:6]}, "page2": {"products": RECORDS[6:]}},
    "a list of pages": [{"products": RECORDS[:6]}, {"products": RECORDS[6:]}],
    "another array first": {"links": [{"rel": "next"}], "products": RECORDS},
    "the same key elsewhere": {"meta": {"products": ["a"]}, "products": RECORDS},
    "the same key in rows": {"products": [{**row, "products": [{"a": 1}]} for row in RECORDS]},
    "a key with a dot": {"a.b": RECORDS},
    "a key of another script": {"产品": RECORDS},
    "by number": {row["Product ID"]: row for row in RECORDS},
}


@pytest.mark.parametrize("case", PAGES)
def test_no_row_of_an_answer_is_lost_unseen(case: str, tmp_path: Path) -> None:
    with contextlib.suppress(ExportError):
        found = loaded(json.dumps(PAGES[case]).encode(), "listings.json", tmp_path)
        assert found["rows"]["accepted"] == len(RECORDS)


def test_pages_one_after_the_other_lose_no_row(tmp_path: Path) -> None:
    pages = [json.dumps({"products": rows}) for rows in (RECORDS[:6], RECORDS[6:])]
    with contextlib.suppress(ExportError):
        found = loaded("\n".join(pages).encode(), "listings.json", tmp_path)
        assert found["rows"]["accepted"] == len(RECORDS)


def test_a_key_that_stands_twice_in_an_object_is_refused(tmp_path: Path) -> None:
    content = json.dumps(RECORDS).replace('"Title": "', '"Title": "Another", "Title": "')
    assert refusal(content.encode(), "listings.json", tmp_path) == "duplicate_headers"


def test_what_is_no_object_is_rejected_alone(tmp_path: Path) -> None:
    content = json.dumps([*RECORDS, 7, None, "x", ["y"]]).encode()
    found = loaded(content, "listings.json", tmp_path)
    assert found["rows"] == {"in": 16, "accepted": 12, "rejected": 4, "duplicate": 0}
    assert found["reasons"] == {"not an object": 4}


def test_numbers_keep_every_digit(tmp_path: Path) -> None:
    numbers = "12345678901234567, 1.50, 1.125, 1e3, -0.10, true, null, 12345678.0"
    content = f'[{json.dumps(RECORDS[0])[:-1]}, "Price": [{numbers}]}}]'
    for number in numbers.split(", "):
        one = content.replace(f"[{numbers}]", number)
        (row,) = read(one.encode(), "listings.json", tmp_path).rows
        # In a text, a point before three digits may part thousands; in a number it does not.
        shown = {"1e3": "1000", "null": "", "12345678.0": "12345678", "1.125": "1.1250"}
        assert row[-1] == shown.get(number, number)


def test_strange_json_is_read_or_refused(tmp_path: Path) -> None:
    rows = json.dumps(RECORDS)
    strange = {
        "a long number": "9" * 5000,
        "a longer number": "1e999999999",
        "deep arrays": "[" * 20_000 + "]" * 20_000,
        "deep objects": '{"a":' * 20_000 + "1" + "}" * 20_000,
        "a lone surrogate": '"\\ud83d"',
    }
    files = {f"{n}.json": rows.replace('"3"', v, 1).encode() for n, v in strange.items()}
    own = [{**RECORDS[0], f"k{n}": 1} for n in range(8_000)]
    files["a key of its own in every row.json"] = json.dumps(own).encode()
    found = outcomes(files, tmp_path)
    assert {name: became for name, became in found.items() if " " in became} == {}
