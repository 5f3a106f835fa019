"""Contracts and layouts are data; these tests hold them to their own rules."""

import re

import pytest

from transforms import DATASETS
from transforms.contracts import ARROW_TYPES, contract
from transforms.layouts import fitting, layouts, unknown


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
    personal = [c.name for c in contract(dataset).columns if c.personal]
    assert all(name.endswith("_key") for name in personal)
    assert personal or dataset == "listings"


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
