"""Contracts and layouts are data; these tests hold them to their own rules."""

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from transforms import DATASETS
from transforms.clean.batch import Batch
from transforms.contracts import ARROW_TYPES, contract
from transforms.fields import word
from transforms.layouts import fitting, layouts, unknown
from transforms.mask import MASKS


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_column_is_documented_and_named_for_its_type(dataset: str) -> None:
    terms = contract(dataset)
    assert len(terms.columns) == len({c.name for c in terms.columns}) > 25
    for column in terms.columns:
        assert re.search(r"\w{3}.*\.$", column.doc), f"{column.name} needs a sentence"
        assert column.type in ARROW_TYPES
        if column.name.startswith("is_"):
            assert column.type == "boolean"
        if column.name.endswith("_usd"):
            assert column.type == "decimal"
        if column.name.endswith("_at"):
            assert column.type == "instant"
        if column.name.endswith("_rate"):
            assert column.type == "double"
            assert column.unit


@pytest.mark.parametrize("dataset", DATASETS)
def test_keys_are_required_text(dataset: str) -> None:
    terms = contract(dataset)
    for name in terms.key:
        assert terms.by_name[name].type == "string"
        assert terms.by_name[name].required
        assert terms.by_name[name].on_bad == "row"


@pytest.mark.parametrize("dataset", DATASETS)
def test_personal_columns_are_keyed_hashes(dataset: str) -> None:
    personal = [c.name for c in contract(dataset).columns if c.personal == "hash"]
    assert all(name.endswith("_key") for name in personal)
    assert personal or dataset == "listings"


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_text_is_masked_or_says_why_it_can_name_nobody(dataset: str) -> None:
    holding_text = ("string", "list<string>", "map<string,double>")
    for column in contract(dataset).columns:
        if column.type in holding_text:
            assert column.personal in ("none", "hash", *MASKS), column.name
            assert column.personal != "none" or column.values or column.why_none, column.name


@pytest.mark.parametrize(
    "told",
    [
        "ask joe@firm.pk or +92 300 1234567",
        "ask joe&#64;firm.pk or &#43;92&#45;300&#45;1234567",
        "ask joe&amp;#64;firm.pk or 042&ndash;3&shy;1234567",
    ],
)
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_column_is_masked_because_the_contract_says_so(dataset: str, told: str) -> None:
    """Whatever way a cleaner fills it."""
    terms = contract(dataset)
    parsers: dict[str, Callable[[str], Any]] = {
        "string": str,
        "list<string>": word.listed,
        "map<string,double>": lambda t: [(t, 1.0)],
    }
    for column in (c for c in terms.columns if c.personal in MASKS):
        raw = pd.DataFrame({"field": [told, "Soccer Balls", None]}, dtype="str")
        for way in ("text", "parse", "as_delivered", "fill"):
            batch = Batch(raw, terms)
            kind = column.type
            if kind == "string" and way == "as_delivered":
                batch.as_delivered("field", column.name)
            elif kind == "string" and way == "text":
                batch.text("field", column.name)
            elif way == "parse":
                batch.parse("field", column.name, parsers[kind])
            elif kind != "map<string,double>" and way == "fill":
                batch.fill(column.name, [told if kind == "string" else [told], None, None])
            left = str(batch.column(column.name).to_pylist()[0])
            assert "joe" not in left, (column.name, way)
            assert column.personal == "mask_id" or "1234567" not in left, (column.name, way)


def test_what_only_the_even_text_shows_is_masked_in_the_one_as_delivered_too() -> None:
    delivered = [
        "Kara &amp; Co ï¼\x90ï¼\x93ï¼\x90ï¼\x90-1234567",  # as UTF-8 it says 0300-1234567
        "Kara &amp; Co  joe&#64;firm.pk",
        "Kara &amp; Co  Cafe",
        "N/A",
    ]
    batch = Batch(pd.DataFrame({"field": delivered}, dtype="str"), contract("sellers"))
    batch.as_delivered("field", "company_name_raw")
    kept = ["Kara & Co [phone]", "Kara & Co [mail]", "Kara &amp; Co  Cafe", None]
    assert batch.column("company_name_raw").to_pylist() == kept


def test_rules_name_columns_of_the_contract() -> None:
    for dataset in DATASETS:
        terms = contract(dataset)
        for rule in terms.rules:
            assert {rule.left, rule.right, *rule.clears} <= set(terms.by_name)
        reasons = [r.reason for r in terms.rules]
        assert len(set(reasons)) == len(reasons)


def test_every_layout_is_recognised_by_its_own_headers() -> None:
    assert len(layouts()) >= 7
    for layout in layouts():
        assert fitting(sorted(layout.known_headers), None) == layout


def test_a_file_of_no_layout_is_refused_with_the_nearest() -> None:
    headers = ["Member ID", "Company Name", "Country/Region", "City", "Membership"]
    assert fitting(headers, "sellers") is None
    refused = unknown(headers, "sellers", "sellers.csv")
    assert refused.code == "unknown_layout"
    assert refused.nearest_layout == "sellers_export"
    assert refused.missing == ["Paid From", "Paid To"]
    assert refused.exit_code == 5
    assert "Paid From" in str(refused)


def test_a_file_with_nothing_of_any_layout_is_not_told_of_one_that_is_near_by_chance() -> None:
    refused = unknown(["vendor_code", "nation"], None, "vendors.csv")
    assert "None of its 2 headers is required by any layout" in str(refused)
    assert "Nearest" not in str(refused)
    assert "outlook inspect" in str(refused)
