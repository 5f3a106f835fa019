"""No row is lost, none counted twice, whatever cells hold and however batches are cut."""

import csv
import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.transforms.typed import accepted
from transforms import DATASETS
from transforms.check import check
from transforms.clean import CLEANERS, Context
from transforms.contracts import contract
from transforms.deliveries.landing import Landed
from transforms.lake import Lake, Receipt
from transforms.lake.partition import Partition
from transforms.layouts import Layout, layouts
from transforms.markets import market
from transforms.read import delimited, json_rows
from transforms.shift import Misfits
from transforms.staging import in_hand, stage

NIGHT = date(2022, 6, 30)
MARKETS = st.sampled_from(["PK", "IN"])

# Cells as exports write them, good and bad, with what breaks parsers.
CELLS = st.one_of(
    st.sampled_from(
        [
            "",
            "-",
            "N/A",
            "Pakistan",
            "PK",
            "Atlantis",
            "Sialkot",
            "India",
            "Hyderabad",
            "Tirupur, India",
            "Gold Supplier",
            "2021-03-05",
            "2031-13-45",
            "5 yrs",
            "Yes",
            "no",
            "$5-7",
            "Ask Price",
            "$1e9",
            "Min. order: 10 pieces",
            "86.1%",
            "187%",
            "12345678",
            "1601224713530",
            "abc-1",
            "??",
            "inquiry",
            "fax",
            "rfq",
            "2022-06-30T00:12:05+05:00",
            "5 days ago",
            "approved",
            "Y",
            "999999999",
            "3",
            "-5",
            "+92 300 1234567",
            "\u00a0x\u202fy",
            "=1+1",
            "a\nb",
            'say "hi"',
            "x,y",
            "Ünal",
            "میزان",
        ]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
)


def exported(dataset: str) -> Layout:
    return next(x for x in layouts(dataset) if x.name == f"{dataset}_export")


@st.composite
def tables(draw: st.DrawFn, dataset: str) -> pd.DataFrame:
    """Rows of the dataset's own export; ids from a few, so that keys repeat."""
    layout = exported(dataset)
    headers = sorted(layout.known_headers)
    key = layout.columns[contract(dataset).key[0]].headers[0]
    ids = st.sampled_from(["12345678", "87654321", "1601224713530", "", "x"])
    row = st.fixed_dictionaries({h: ids if h == key else CELLS for h in headers})
    return pd.DataFrame(draw(st.lists(row, min_size=1, max_size=8)), columns=headers, dtype="str")


def written(table: pd.DataFrame, dataset: str, folder: Path) -> Landed:
    folder.mkdir(parents=True, exist_ok=True)
    if dataset == "inquiries":
        path = folder / "inquiries.json"
        path.write_text(json.dumps(table.to_dict("records")), "utf-8")
    else:
        path = folder / f"{dataset}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            # Every cell quoted: a row of one empty cell is a row, an empty line is none.
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerow(table.columns)
            writer.writerows(table.itertuples(index=False))
    return Landed(path.name, path, path.stat().st_size, "sha", None)


def partitioned(
    landed: Landed, dataset: str, folder: Path, code: str = "PK"
) -> tuple[Receipt, Path]:
    partition = Partition(dataset, NIGHT, folder)
    stage(partition, [in_hand(landed, folder, dataset, None)], Context(NIGHT, market(code), b"key"))
    return partition.finish(), partition.parts


def told_of(receipt: Receipt) -> dict[str, Any]:
    """What it says, but for the bytes of the parts and when they were made."""
    parts = tuple(replace(part, sha256="") for part in receipt.parts)
    return replace(receipt, parts=parts, started_at=datetime.min).as_json()


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_row_is_accepted_rejected_or_duplicate(
    dataset: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Cells made at random fit other columns, as those of a shifted file do; it is refused whole.
    monkeypatch.setattr(Misfits, "refuse_shifted", lambda *_: None)

    @given(tables(dataset), MARKETS)
    @examples(
        max_examples=25,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    def holds(table: pd.DataFrame, code: str) -> None:
        folder = tmp_path_factory.mktemp("rows")
        landed = written(table, dataset, folder / "in")
        receipt, parts = partitioned(landed, dataset, folder, code)
        rows = receipt.rows
        assert rows.in_ == len(table)
        told = told_of(receipt)["rows"]
        assert told["accepted"] + told["rejected"] + told["duplicate"] == len(table)
        accepted = pq.read_table(parts / "rows.parquet")
        assert len(accepted) == rows.accepted
        key = accepted[contract(dataset).key[0]].to_pylist()
        assert len(set(key)) == len(key)
        assert None not in key
        if rows.rejected:
            rejected = pq.read_table(parts / "rejected.parquet").to_pylist()
            assert len(rejected) == rows.rejected
            assert all(r["reason"] and r["source_row"] and r["raw_row"] for r in rejected)
        assert sum(receipt.reasons.values()) == rows.rejected

    holds()


@pytest.mark.parametrize("dataset", DATASETS)
def test_cleaning_and_checking_are_row_local(dataset: str) -> None:
    @given(tables(dataset), st.integers(min_value=0, max_value=8), MARKETS)
    @examples(
        max_examples=30,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    def holds(table: pd.DataFrame, cut: int, code: str) -> None:
        context = Context(NIGHT, market(code), b"key")
        raw, _ = exported(dataset).raw_fields(table)
        whole = check(CLEANERS[dataset](raw, context), raw, dataset)
        pieces = []
        for piece in (raw.iloc[:cut], raw.iloc[cut:]):
            piece = piece.reset_index(drop=True)
            pieces.append(check(CLEANERS[dataset](piece, context), piece, dataset))
        apart = pd.concat(map(accepted, pieces), ignore_index=True)
        pd.testing.assert_frame_equal(accepted(whole), apart)
        assert list(whole.rejected["reason"]) == [r for p in pieces for r in p.rejected["reason"]]
        assert whole.value_rejects == pieces[0].value_rejects + pieces[1].value_rejects
        assert whole.is_accepted.sum() + len(whole.rejected) == len(table)

    holds()


@pytest.mark.parametrize("dataset", DATASETS)
def test_one_batch_or_many_the_same(
    dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = {"Title": "Soccer ball\nof leather", "subject": "balls", "Company Name": "Ball Co"}
    headers = sorted(exported(dataset).known_headers)
    key = exported(dataset).columns[contract(dataset).key[0]].headers[0]
    rows = [
        {h: f"{12345678 + n % 190}" if h == key else cell.get(h, "") for h in headers}
        | {"channel": "inquiry" if n % 7 else "fax"}
        for n in range(400)
    ]
    table = pd.DataFrame(rows, dtype="str")[headers]
    landed = written(table, dataset, tmp_path / "in")
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    one, one_parts = partitioned(landed, dataset, tmp_path / "one")
    monkeypatch.setattr(delimited, "BLOCK", 4096)
    monkeypatch.setattr(json_rows, "BATCH", 7)
    many, many_parts = partitioned(landed, dataset, tmp_path / "many")
    assert told_of(one) == told_of(many)
    assert told_of(one)["rows"]["duplicate"] > 100
    for part in one.parts:
        left, right = (pq.read_table(p / part.path).to_pylist() for p in (one_parts, many_parts))
        assert left == right


def test_rejected_rows_are_for_nobody_else_to_read(tmp_path: Path) -> None:
    row = dict.fromkeys(exported("listings").known_headers, "") | {"Title": "alone in its row"}
    table = pd.DataFrame([row], dtype="str")
    _, parts = partitioned(written(table, "listings", tmp_path / "in"), "listings", tmp_path)
    assert (parts / "rejected.parquet").stat().st_mode & 0o777 == 0o600


def test_an_empty_lake_has_no_receipts(tmp_path: Path) -> None:
    assert Lake(tmp_path).receipts("sellers") == []
