"""The receipt: on disk it is what its schema says, and what older code wrote is read as well."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from transforms import DATASETS, night
from transforms.errors import Damaged
from transforms.lake import Lake, Receipt, receipt_schema
from transforms.lake.receipt import VERSION, Part, Rows, Source, from_json, new_receipt
from transforms.sample import write_sample
from transforms.settings import Settings, settings

NIGHT, NEXT = date(2022, 6, 29), date(2022, 6, 30)
MADE = replace(
    new_receipt("sellers", NIGHT),
    layout="sellers_export",
    extent="census",
    content="c0ffee",
    rows=Rows(3, 2, 1, 0),
    reasons={"seller_id: missing": 1},
    sources=(Source("sellers.csv", 90, "a1", "a1", 3, {"seller_id: missing": 1}),),
    parts=(Part("rows", "sellers/2022-06-29/c0ffee/rows.parquet", 2, "b2"),),
)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two nights, of which the second has its listings cut short and its sellers not at all."""
    home = tmp_path_factory.mktemp("home")
    chosen = settings(
        {"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": "a key for tests of thirty-two ch"}
    )
    write_sample(home / "exports", NIGHT, NEXT, scale=0.003)
    delivered = home / "exports" / f"{NEXT}"
    (delivered / "manifest.json").unlink(missing_ok=True)
    for path in delivered.iterdir():
        if path.name.startswith("sellers"):
            path.unlink()
        elif path.name.startswith("listings"):
            path.write_bytes(b"<html>")
    for on in (NIGHT, NEXT):
        for dataset in DATASETS:
            night.run(dataset, on, chosen)
    return chosen


def test_every_receipt_on_disk_meets_the_published_schema(loaded: Settings) -> None:
    paths = sorted((loaded.lake / "receipts").rglob("*.json"))
    told = [json.loads(path.read_text("utf-8")) for path in paths]
    assert {t["status"] for t in told} >= {"ok", "refused", "missing"}
    published = json.loads(receipt_schema.FILE.read_text("utf-8"))
    check = jsonschema.Draft202012Validator(published, format_checker=jsonschema.FormatChecker())
    for receipt in told:
        check.validate(receipt)
        assert from_json(receipt).as_json() == {k: v for k, v in receipt.items() if k != "seal"}
        broken = {**receipt, "rows": {**receipt["rows"], "in": "many"}}
        assert not check.is_valid(broken)


def test_the_published_schema_is_of_these_classes() -> None:
    remedy = "`python -m transforms.lake.receipt_schema` writes it"
    assert receipt_schema.FILE.read_text("utf-8") == receipt_schema.text(), remedy


def test_a_receipt_reads_back_as_it_was_written(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    made = replace(MADE, exported_at=datetime(2022, 6, 30, 1, 2, 3, 4, tzinfo=UTC))
    lake.write_receipt(made)
    assert lake.receipt("sellers", NIGHT) == made


def of_version_1(receipt: Receipt) -> dict[str, Any]:
    return {k: v for k, v in receipt.as_json().items() if k != "version"}


def test_what_a_receipt_has_besides_is_left_alone() -> None:
    told = MADE.as_json()
    assert from_json({**told, "more": 1, "rows": {**told["rows"], "in_": 9}}) == MADE


def test_a_receipt_without_a_version_is_read() -> None:
    assert from_json(of_version_1(MADE)) == MADE


def test_the_first_receipts_are_read() -> None:
    """They had no hash of rows and unpacked files, no time of export, and no reasons by file."""
    old = of_version_1(MADE)
    later = ("rows_hash", "exported_at", "is_late", "replaced", "code_version", "started_at")
    for key in (*later, "seconds"):
        del old[key]
    for source in old["sources"]:
        del source["unpacked_sha256"], source["reasons"]
    read = from_json(old)
    assert replace(read, code_version=MADE.code_version, started_at=MADE.started_at) == MADE
    assert read.unplaced_reasons() == {}


def test_reasons_of_several_old_files_are_of_none_of_them() -> None:
    old = of_version_1(MADE)
    old["sources"] = [{**s, "name": n} for s in old["sources"] for n in ("a.csv", "b.csv")]
    for source in old["sources"]:
        del source["reasons"]
    assert from_json(old).unplaced_reasons() == {"seller_id: missing": 1}


def test_a_receipt_of_newer_code_is_not_guessed_at(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write_receipt(replace(MADE, version=VERSION + 1))
    with pytest.raises(Damaged, match=f"version {VERSION + 1} is newer than this code"):
        lake.receipt("sellers", NIGHT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": {"in": "3"}}, r"got `str` - at `\$.rows.in"),
        ({"rows": {"in": 3}}, r"missing required field `accepted` - at `\$.rows`"),
        ({"drift": {"new_columns": []}}, "missing required field `missing_columns`"),
        ({"warnings": [{"code": "page_cap", "column": None}]}, "missing required field `count`"),
        ({"status": "fine"}, r"Invalid enum value 'fine' - at `\$.status`"),
        ({"export_date": "yesterday"}, r"date - at `\$.export_date`"),
        ({"dataset": "buyers"}, "buyers is not a dataset"),
        ({"sources": [1]}, r"got `int` - at `\$.sources\[0\]`"),
        ({"is_late": 0}, r"Expected `bool`, got `int` - at `\$.is_late`"),
        ({"content": None}, "a night that is ok has rows, counts, content and extent"),
    ],
)
def test_what_is_no_receipt_is_told_by_its_place(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_json({**MADE.as_json(), **change})


@pytest.mark.parametrize("key", sorted(set(MADE.as_json()) - {"version"}))
def test_a_receipt_without_one_of_its_keys_is_not_read(key: str) -> None:
    with pytest.raises(ValueError, match=f"missing required field `{key}`"):
        from_json({k: v for k, v in MADE.as_json().items() if k != key})
