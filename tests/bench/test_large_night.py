"""The one large night."""

import csv
import gzip
import io
import json
from datetime import date
from pathlib import Path

import pytest

from tests.bench import large_night


def lines_of(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.reader(io.StringIO(file.read(), newline="")))


@pytest.mark.parametrize("market", ["PK", "IN"])
def test_exactly_so_many_rows(market: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_night, "ROWS_OF_A_FILE", 5_000)
    monkeypatch.setattr(large_night, "ROWS_AT_A_TIME", 1_500)
    size = large_night.write_listings_night(tmp_path, date(2022, 6, 30), 12_345, market=market)
    night = tmp_path / "2022-06-30"
    files = sorted(night.glob("listings*"))
    assert len(files) == 3
    assert size == sum(path.stat().st_size for path in files)
    tables = [lines_of(path) for path in files]
    rows = [row for table in tables for row in table[1:]]
    assert len({row[0] for row in rows}) == len(rows) == 12_345
    assert {len(row) for row in rows} == {25}
    with open(night / "sellers.csv", encoding="utf-8-sig", newline="") as file:
        sellers = [row["Member ID"] for row in csv.DictReader(file)]
    assert len(set(sellers)) == len(sellers) == 12_345 // 300 + 10
    assert {row[1] for row in rows} <= set(sellers)
    inquiries = json.loads((night / "inquiries.json").read_text("utf-8"))
    assert len(inquiries) == 2_001, "2,000 would pass for a file cut at the page cap"
    assert {inquiry["member_id"] for inquiry in inquiries} <= set(sellers)


def test_fewer_rows_leave_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_night, "ROWS_OF_A_FILE", 1_500)
    for rows in (4_000, 1_000):
        large_night.write_listings_night(tmp_path, date(2022, 6, 30), rows)
    (only,) = (tmp_path / "2022-06-30").glob("listings*")
    assert len(lines_of(only)) - 1 == 1_000
