"""What a revision says of a cell that the frozen edition shows and that is withheld now."""

from pathlib import Path

import duckdb
import pytest

from tests.warehouse.page import made_up
from warehouse.editions import revisions
from warehouse.editions.revisions import Change

Cities = list[tuple[str, str, int | None]]


def changes(tmp_path: Path, was: Cities, now: Cities) -> list[Change]:
    for name, rows in (("was", was), ("now", now)):
        tables = {"report.sellers_by_city": made_up.cities(2022, rows)}
        made_up.database(tmp_path / f"{name}.duckdb", tables)
    return compared(tmp_path)


def compared(tmp_path: Path) -> list[Change]:
    with duckdb.connect(str(tmp_path / "was.duckdb")) as db:
        db.execute(f"COPY report.sellers_by_city TO '{tmp_path}/sellers_by_city.parquet'")
    with duckdb.connect(str(tmp_path / "now.duckdb")) as db:
        return revisions.compare(db, "FY2022", tmp_path, {"sellers_by_city"}).changes


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (
            [("sialkot", "Sialkot", 150), ("karachi", "Karachi", None)],
            [("sellers_by_city", "karachi", "symbol", "p", "c")],
        ),
        ([("sialkot", "Sialkot", 150)], [("sellers_by_city", "karachi", "", "shown", None)]),
    ],
)
def test_what_is_withheld_now_is_not_told_as_what_it_was(
    tmp_path: Path, now: Cities, told: list[tuple[str | None, ...]]
) -> None:
    found = changes(tmp_path, [("sialkot", "Sialkot", 150), ("karachi", "Karachi", 7)], now)
    assert [tuple(vars(c).values()) for c in found] == told
    assert revisions.newly_withheld(found) == ["sellers_by_city karachi"]


def test_what_is_shown_now_is_told(tmp_path: Path) -> None:
    found = changes(tmp_path, [("karachi", "Karachi", None)], [("karachi", "Karachi", 7)])
    assert ("numerator", None, "7") in [(c.column, c.was, c.now) for c in found]
    assert revisions.newly_withheld(found) == []


@pytest.mark.parametrize(
    ("symbol", "now", "told"),
    [
        ("r", None, [("symbol", "r", "c")]),
        ("r", 7, []),
        ("p", None, [("symbol", "p", "c")]),
    ],
)
def test_a_revised_figure_that_is_withheld_now_is_a_change(
    tmp_path: Path, symbol: str, now: int | None, told: list[tuple[str, str, str]]
) -> None:
    for name, count, mark in (("was", 7, symbol), ("now", now, None)):
        [row] = made_up.cities(2022, [("karachi", "Karachi", count)])
        tables = {"report.sellers_by_city": [{**row, "symbol": row["symbol"] or mark}]}
        made_up.database(tmp_path / f"{name}.duckdb", tables)
    found = compared(tmp_path)
    assert [(c.column, c.was, c.now) for c in found] == told
    assert bool(revisions.newly_withheld(found)) is (now is None)
