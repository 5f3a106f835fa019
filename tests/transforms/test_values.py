"""What a cleaner makes of values that systems, people and programs leave in a cell, in every field
of every dataset; and what only the whole file can tell."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.transforms.read.test_formats import NIGHT, as_csv, loaded
from tests.transforms.test_shapes import table_of
from tests.transforms.typed import accepted
from transforms import DATASETS, read
from transforms.check import Checked, check
from transforms.clean import CLEANERS, Context
from transforms.contracts import contract
from transforms.fields import Unreadable
from transforms.fields.number import decimal
from transforms.markets import market
from transforms.read import json_rows

CONTEXT = Context(NIGHT, market("PK"), b"key")
GOOD = {
    "sellers": {
        "seller_id": "pk1403679083",
        "storefront_url": "https://lahori.en.alibaba.com/",
        "company_name": "Lahori Sports (Pvt) Ltd.",
        "country": "Pakistan",
        "province": "Punjab",
        "city": "Sialkot",
        "membership": "Gold Supplier",
        "paid_from": "2019-03-05",
        "paid_to": "2023-03-04",
        "years": "5 yrs",
        "verified": "Yes",
        "channel_partner": "Ark",
        "main_category_id": "3",
        "main_products": "Soccer Balls,Gloves",
        "business_type": "Manufacturer",
        "revenue_band": "US$1 Million - US$2.5 Million",
        "markets": "North America 30%、Mid East 20%",
        "response_rate": "86.1%",
        "response_time": "≤2h",
        "on_time_rate": "99.5%",
        "rating": "4.8",
        "orders_6m": "1,439",
        "order_value_6m": "$10,000+",
        "phone": "+92 52 3551234",
    },
    "listings": {
        "product_id": "1601224713530",
        "product_id_masked": "IDX1abc",
        "seller_id": "pk1403679083",
        "title": "Soccer ball of leather",
        "category_id": "3",
        "status": "approved",
        "display": "Y",
        "product_type": "sourcing",
        "price": "$1,500.50-2,000",
        "price_currency": "USD",
        "price_unit": "piece",
        "moq": "100 pieces",
        "lead_time": "15 days",
        "origin": "Punjab, Pakistan",
        "is_rts": "Y",
        "is_showcase": "N",
        "is_p4p": "N",
        "review_score": "4.8",
        "review_count": "24",
        "created": "2021-04-09 15:04:02",
        "modified": "2021-05-09 15:04:02",
        "impressions": "1,000",
        "clicks": "10",
        "visitors": "20",
        "inquiries": "3",
        "inquirers": "2",
        "tm_chatters": "1",
        "orders": "1",
        "bookmarks": "4",
        "online_order_usd": "1,500.50",
        "click_rate": "1%",
        "inquiry_rate": "15%",
        "period_start": "2022-06-30",
        "period_end": "2022-06-30",
    },
    "inquiries": {
        "inquiry_id": "123456789",
        "channel": "rfq",
        "seller_id": "pk1403679083",
        "product_id": "1601224713530",
        "subject": "Need 500 balls",
        "description": "Of leather.",
        "posted": "2022-06-29 10:15:30",
        "scraped": "2022-06-30",
        "expires": "2022-07-20",
        "buyer_name": "Ann Lee",
        "buyer_country": "US",
        "quantity": "100",
        "quantity_unit": "Piece/Pieces",
        "quotes_left": "7",
        "email_confirmed": "Yes",
        "incoterm": "FOB",
        "payment_terms": "T/T",
        "destination_port": "Karachi",
        "language": "en",
        "first_reply": "2022-06-30 10:15:30",
        "is_spam": "No",
        "is_auto_reply": "No",
    },
}
FIELDS = [(dataset, field) for dataset in DATASETS for field in GOOD[dataset]]
TOKENS = [
    "\\N",
    "<NA>",
    "#N/A",
    "#REF!",
    "NaT",
    "undefined",
    "N.A.",
    "(null)",
    "[NULL]",
    "nil",
    "(blank)",
    " Not Available ",
    "—",
    "missing",
    "\u200b",
    "null null",
]


def judged(dataset: str, rows: list[dict[str, Any]], context: Context = CONTEXT) -> Checked:
    raw = pd.DataFrame(rows, dtype="str")
    return check(CLEANERS[dataset](raw, context), raw, dataset)


def cleaned(dataset: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Typed rows, each with what could not be read in it."""
    found = CLEANERS[dataset](pd.DataFrame(rows, dtype="str"), CONTEXT)
    typed: list[dict[str, Any]] = found.rows.to_pylist()
    for row, of in found.problems.groupby("row"):
        typed[int(str(row))]["problems"] = of[["column", "reason"]].to_numpy().tolist()
    return typed


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_good_rows_are_good(dataset: str) -> None:
    """Else the tests below compare nothing with nothing."""
    whole = judged(dataset, [GOOD[dataset]])
    assert (len(accepted(whole)), whole.value_rejects) == (1, {})
    raw = set(contract(dataset).raw) - set(GOOD[dataset])
    assert raw <= {
        "product_url",
        "storefront_url",
        "company_name",
        "experienced_buyer",
        "typical_replies",
        "interactive_user",
        "complete_order_via_rfq",
    }


@pytest.mark.parametrize(("dataset", "field"), FIELDS)
def test_a_null_token_of_any_system_is_as_good_as_nothing(dataset: str, field: str) -> None:
    good = GOOD[dataset]
    is_country = field in ("country", "buyer_country", "origin")
    tokens = [*TOKENS, *([] if is_country else ["NA", "na"])]
    nothing, *found = cleaned(dataset, [good | {field: token} for token in (None, *tokens)])
    for token, row in zip(tokens, found, strict=True):
        assert row == nothing, token


def test_namibia_stays_a_country() -> None:
    (row,) = accepted(judged("sellers", [GOOD["sellers"] | {"country": "NA"}])).to_dict("records")
    assert row["country_iso2"] == "NA"


@pytest.mark.parametrize(("dataset", "field"), FIELDS)
def test_what_nobody_sees_changes_no_value(dataset: str, field: str) -> None:
    good = GOOD[dataset]
    text = good[field]
    half = len(text) // 2
    texts = [
        odd
        for mark in "\u200b\u200c\u200d\u2060\u00ad\u200e\u202a\u2069\ufeff\u0000\u0007\u0090"
        for odd in (f"{mark}{text}", f"{text}{mark}", f"{text[:half]}{mark}{text[half:]}")
    ]
    whole, *found = cleaned(dataset, [good | {field: odd} for odd in (text, *texts)])
    assert "problems" not in whole
    for odd, row in zip(texts, found, strict=True):
        assert row == whole, repr(odd)


def test_a_nul_in_a_text_is_counted() -> None:
    rows = [GOOD["listings"] | {"title": title} for title in ("Ball\u0000s of leather", "Gloves")]
    cleaned = CLEANERS["listings"](pd.DataFrame(rows, dtype="str"), CONTEXT)
    assert cleaned.rows["title"].to_pylist() == ["Balls of leather", "Gloves"]
    assert cleaned.warnings["control_character", "title"] == 1


IDS = [("sellers", "seller_id"), ("listings", "product_id"), ("inquiries", "inquiry_id")]


NO_IDS = [
    "Total",
    "Grand Total",
    "average",
    "0",
    "00000000",
    "...",
    "1E+11",
    "1.60174E+12",
    "1601740791024.5",
    "two words",
    "-1",
]


@pytest.mark.parametrize(("dataset", "field"), IDS)
def test_what_can_be_no_id_is_rejected(dataset: str, field: str) -> None:
    good = GOOD[dataset]
    checked = judged(dataset, [*(good | {field: text} for text in NO_IDS), good])
    assert accepted(checked)[field].tolist() == [good[field]]
    assert set(checked.rejected["reason"]) == {f"{field}: no id", f"{field}: malformed"}


@pytest.mark.parametrize(("dataset", "field"), IDS)
def test_an_id_that_went_through_floats_is_that_id(dataset: str, field: str) -> None:
    checked = judged(dataset, [GOOD[dataset] | {field: "1601740791024.0"}])
    assert accepted(checked)[field].tolist() == ["1601740791024"]


@pytest.mark.parametrize("name", ["0", "...", "?"])
def test_nobody_s_name_makes_no_buyer(name: str) -> None:
    checked = judged("inquiries", [GOOD["inquiries"] | {"buyer_name": name}])
    assert accepted(checked)["buyer_key"].isna().all()
    assert checked.value_rejects == {("buyer_key", "not a name"): 1}


ZONES = [
    "America/Los_Angeles",
    "Asia/Karachi",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
]
# Hours around those in which clocks were put forward or back somewhere.
TURNS = [
    datetime(2021, 3, 14, 2),
    datetime(2021, 11, 7, 1),
    datetime(2021, 3, 28, 2),
    datetime(2021, 10, 31, 2),
    datetime(2008, 6, 1),
    datetime(2009, 11, 1),
    datetime(2021, 10, 3, 2),
    datetime(2018, 11, 4),
]
WALLS = st.builds(
    lambda turn, minutes: f"{turn + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}",
    st.sampled_from(TURNS),
    st.integers(-90, 90),
)
ODD_TIMES = [
    "2021-02-30 10:00:00",
    "2021-04-31 10:00:00",
    "2021-04-09 15:04:60",
    "2021-04-09\t15:04:02",
    "2021-4-9 15:04:02",
    "2021-04-09T15:04:02",
    "-",
    "43529.75",
    "2021-04-09T15:04:02Z",
    "9999-12-31 00:00:00",
]
INSTANTS = {"listings": ("created", "modified"), "inquiries": ("posted", "expires", "first_reply")}


@pytest.mark.parametrize("dataset", INSTANTS)
def test_a_time_depends_on_no_other_row(dataset: str) -> None:
    columns = ["gmt_create", "gmt_modified", "posted_at", "expires_at", "first_reply_at"]

    @given(
        st.lists(WALLS | st.sampled_from(ODD_TIMES), min_size=2, max_size=6),
        st.integers(1, 5),
        st.sampled_from(ZONES),
    )
    @examples(max_examples=40, deadline=None)
    def holds(times: list[str], cut: int, zone: str) -> None:
        context = replace(CONTEXT, zone=ZoneInfo(zone))
        raw = pd.DataFrame(
            [GOOD[dataset] | dict.fromkeys(INSTANTS[dataset], t) for t in times], dtype="str"
        )
        found = [c for c in columns if c in contract(dataset).by_name]
        whole = CLEANERS[dataset](raw, context).rows.select(found)
        pieces = [
            CLEANERS[dataset](piece.reset_index(drop=True), context).rows.select(found)
            for piece in (raw.iloc[:cut], raw.iloc[cut:])
            if len(piece)
        ]
        assert pa.concat_tables(pieces).equals(whole)

    holds()


def test_a_day_that_is_none_is_no_other_day() -> None:
    rows = [GOOD["listings"] | {"created": t} for t in ("2021-02-30 10:00:00",) * 2]
    checked = judged("listings", rows)
    assert accepted(checked)["gmt_create"].isna().all()
    assert checked.value_rejects == {("gmt_create", "not a time"): 2}


@given(st.decimals(min_value="0", max_value="99999", places=9, allow_nan=False))
@examples(max_examples=300, deadline=None)
def test_no_number_is_stored_as_another(value: Decimal) -> None:
    with suppress(Unreadable):
        assert abs(decimal(f"{value:f}") - value) <= value * Decimal("0.005")


def sellers(column: str, cells: list[str]) -> bytes:
    headers, rows = table_of("sellers", len(cells))
    headers.append(column)
    table = [dict(zip(headers, [*row, c], strict=True)) for row, c in zip(rows, cells, strict=True)]
    return json.dumps(table).encode()


RATES = {
    "percents": (["86.1", "100", "1", "0.5", "0"], [0.861, 1.0, 0.01, 0.005, 0.0]),
    "with a comma": (["86,1", "100", "1", "0,5", "0"], [0.861, 1.0, 0.01, 0.005, 0.0]),
    "the big one last": (["1", "0.5", "0.25", "0", "86"], [0.01, 0.005, 0.0025, 0.0, 0.86]),
    "some with a sign": (["86.1%", "1%", "1", "0.5", "92"], [0.861, 0.01, 0.01, 0.005, 0.92]),
    "fractions": (["0.9927", "1", "0.5", "0", "0.25"], [0.9927, 1.0, 0.5, 0.0, 0.25]),
    "all with a sign": (["86.1%", "1%", "100%", "0.5%", "0%"], [0.861, 0.01, 1.0, 0.005, 0.0]),
    "one slip in many": (["0.9"] * 19 + ["86"], [None] * 20),
}


@pytest.mark.parametrize("header", ["Response Rate", "On-time Delivery Rate"])
@pytest.mark.parametrize("batch", [2, 1_000_000])
@pytest.mark.parametrize("case", RATES)
def test_rates_without_a_sign_are_what_their_whole_file_shows(
    case: str, batch: int, header: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "BATCH", batch)
    cells, rates = RATES[case]
    found = loaded(sellers(header, cells), "sellers.json", tmp_path, "sellers")
    column = {"Response Rate": "response_rate"}.get(header, "on_time_rate")
    assert [row[column] for row in found["clean"]] == rates
    why = {"percent or fraction": 20} if None in rates else {}
    assert found["value_rejects"].get(column, {}) == why


def test_each_rate_column_is_decided_by_itself(tmp_path: Path) -> None:
    headers, rows = table_of("sellers", 3)
    headers += ["Response Rate", "On-time Delivery Rate", "Top 3 Markets"]
    rates = [("86.1", "0.5", "Oceania 30、Mid East 1"), ("1", "1", "Oceania 5"), ("9", "0.9", "-")]
    content = as_csv(headers, [[*row, *r] for row, r in zip(rows, rates, strict=True)])
    clean = loaded(content, "sellers.csv", tmp_path, "sellers")["clean"]
    assert [row["response_rate"] for row in clean] == [0.861, 0.01, 0.09]
    assert [row["on_time_rate"] for row in clean] == [0.5, 1.0, 0.9]
    markets = [dict(row["markets"]) if row["markets"] else None for row in clean]
    assert markets == [{"Oceania": 0.3, "Mid East": 0.01}, {"Oceania": 0.05}, None]


def test_the_back_office_s_rates_are_compared_as_its_file_writes_them() -> None:
    row = GOOD["listings"] | {"click_rate": "1", "inquiry_rate": "15"}
    raw = pd.DataFrame([row], dtype="str")
    percents = replace(CONTEXT, evidence={"click_rate": "percent", "inquiry_rate": "percent"})
    assert not CLEANERS["listings"](raw, percents).warnings
    assert CLEANERS["listings"](raw, CONTEXT).warnings["rate_differs", "clicks"] == 1


def test_slashed_dates_after_a_mark_of_direction_are_evidence(tmp_path: Path) -> None:
    headers, rows = table_of("sellers", 3)
    days = ["\u200e25/03/2021 0:00", "\u200e03/04/2021 0:00", "\u200e05/04/2021 0:00"]
    content = as_csv(headers, [[*r[:-2], d, ""] for r, d in zip(rows, days, strict=True)])
    clean = loaded(content, "sellers.csv", tmp_path, "sellers")["clean"]
    assert [str(row["paid_from"]) for row in clean] == ["2021-03-25", "2021-04-03", "2021-04-05"]


@pytest.mark.parametrize("batch", [1, 1_000_000])
def test_a_file_is_searched_once(
    batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing is found: each further look reads the whole file again."""
    monkeypatch.setattr(json_rows, "BATCH", batch)
    looks = Mock(side_effect=read.Piece.batches, autospec=True)
    monkeypatch.setattr(read.Piece, "batches", lambda self, noted: looks(self, noted))
    loaded(sellers("Response Rate", ["0.5", "1", "0.25"]), "sellers.json", tmp_path, "sellers")
    # The first stops at a rate that only the whole file explains; then it is searched, and read.
    assert looks.call_count == 3


def test_lists_of_json_are_not_torn(tmp_path: Path) -> None:
    headers, rows = table_of("sellers", 3)
    lists = [["Soccer Balls", "Gloves, leather"], ["Bags; small", None, "N/A"], []]
    content = json.dumps(
        [
            dict(zip(headers, r, strict=True)) | {"Main Products": m}
            for r, m in zip(rows, lists, strict=True)
        ]
    ).encode()
    clean = loaded(content, "sellers.json", tmp_path, "sellers")["clean"]
    assert [row["main_products"] for row in clean] == [lists[0], ["Bags; small"], []]
