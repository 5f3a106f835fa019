"""The workbook: the database cell by cell, for readers in order and words, also in LibreOffice."""

import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from tests.warehouse.page import made_up
from warehouse.models import models
from warehouse.page import page, plots, sheet, words, workbook
from warehouse.page.edition import Edition
from warehouse.page.series import Figure, layout

TABLES = sorted(m.name for m in models() if m.schema == "report")
ENTRIES = [Figure(**f) for s in layout()["section"] for f in s.get("figure", ())]
OFFICE = shutil.which("soffice") or shutil.which("libreoffice")


@pytest.fixture(scope="module")
def book(folder: Path) -> Any:
    return openpyxl.load_workbook(folder / "outlook.xlsx")


def in_sheet(page_of: Any) -> list[dict[str, Any]]:
    """Cells of a sheet's rows by their column's name for programs."""
    names, _, *rows = page_of.iter_rows(min_row=sheet.NAMES + 1)
    return [{n.value: c for n, c in zip(names, r, strict=True) if n.value} for r in rows]


@pytest.mark.parametrize("table", TABLES)
def test_it_is_the_database(
    table: str, book: Any, edition: Edition, db: duckdb.DuckDBPyConnection
) -> None:
    """Every cell of every table, symbols included; beside a very small rate a thousand times it."""
    found = db.execute(f"SELECT * FROM report.{table}")
    names, rows = [d[0] for d in found.description], found.fetchall()
    shown = in_sheet(book[workbook.names(edition)[table]])
    assert len(shown) == len(rows) and rows
    about = edition.tables[table]
    small = {c.name for c in about.columns if c.unit in words.PER_THOUSAND}
    for cells, row in zip(shown, rows, strict=True):
        held = dict(zip(names, row, strict=True))
        assert set(cells) == {*names, *(f"{n} x 1,000" for n in small)}
        for name, value in held.items():
            cell = cells[name].value
            if value is None:
                symbol = held.get(about.symbol_of(name))
                assert cell == (f"[{symbol}]" if symbol in ("c", "x") else None), name
            elif isinstance(value, float):
                # A workbook keeps sixteen digits.
                assert cell == pytest.approx(value, rel=1e-15), name
            else:
                assert (cell.date() if isinstance(cell, datetime) else cell) == value, name
        for name in small:
            assert cells[f"{name} x 1,000"].value == pytest.approx(held[name] * 1000, rel=1e-15)


def test_a_summary_comes_first_and_the_sheets_in_the_order_of_the_page(
    book: Any, edition: Edition
) -> None:
    on_page = list(dict.fromkeys(f.table for f in ENTRIES))
    called = workbook.names(edition)
    assert [*called][: len(on_page)] == on_page and sorted(called) == TABLES
    assert book.sheetnames == ["Summary", "Contents", *called.values(), "Notes"]
    assert len({n.lower() for n in book.sheetnames}) == len(book.sheetnames)
    assert max(map(len, book.sheetnames)) <= 31
    assert not [n for n in called.values() if "_" in n]
    linked = [c for c in book["Contents"]["B"][3:] if c.value]
    assert [c.value for c in linked] == [*called.values(), "Notes"]
    assert [c.hyperlink.location for c in linked] == [f"'{c.value}'!A1" for c in linked]
    for table, name in called.items():
        source = book[name].cell(sheet.SOURCE + 1, 1)
        assert source.value.startswith(f"report.{table} ") and source.font.sz == 8


def test_names_of_sheets_are_short_and_unlike_each_other(edition: Edition) -> None:
    long = "sellers_of_a_very_long_name_by_city"
    names = [f"{long}_now", f"{long}_then", "summary", "history"]
    made = {n: replace(edition.tables["sellers_by_city"], name=n) for n in names}
    called = workbook.names(replace(edition, tables=made))
    assert called == {
        f"{long}_now": "Sellers of a very long name by",
        f"{long}_then": "Sellers of a very long name 2",
        "summary": "Summary 2",
        "history": "History 2",
    }


def test_the_summary_has_the_tiles(book: Any, edition: Edition, html: str) -> None:
    rows = [[c.value for c in row] for row in book["Summary"].iter_rows()]
    start = next(i for i, r in enumerate(rows) if r[0] == "Figure")
    tiles = page.tiles(edition)
    for row, tile in zip(rows[start + 1 :], tiles, strict=False):
        assert row[0] == tile["title"]
        assert row[1] == (f"[{tile['symbol']}]" if tile["value"] is None else tile["value"])
        assert (row[2] or "", row[3] or "") == (tile["symbol"], tile["change"])
        assert row[5].startswith(tile["doc"])
        assert row[4] is None or row[4].date() == tile["as_of"]
    told = {r[0]: r[1] for r in rows if r[0]}
    assert told["Status"] == words.capital(edition.status) and told["Data to"] == "30 June 2022"
    assert told["[c] Withheld"] == words.SYMBOLS["c"][1]
    assert not [r for r in rows if r[0] == workbook.SAMPLE]


def test_generated_exports_and_a_provisional_year_are_named_as_such(tmp_path: Path) -> None:
    made = made_up.edition(tmp_path / "outlook.duckdb", made_up.full(), status="provisional")
    made = replace(made, is_sample=True)
    workbook.write(tmp_path / "x.xlsx", made, "A title", page.tiles(made))
    rows = openpyxl.load_workbook(tmp_path / "x.xlsx")["Summary"].iter_rows(values_only=True)
    told = {r[0]: r[1] for r in rows}
    assert workbook.SAMPLE in told and told["Status"] == "Provisional"
    assert told["Becomes final"] == "once approved; due 1 October 2022"
    assert told["Next edition"] == "FY2023, 1 October 2023"


def test_a_day_that_is_past_was_due(tmp_path: Path) -> None:
    tables = {"report.headline": made_up.headline(2022)}
    made = made_up.edition(tmp_path / "outlook.duckdb", tables, status="provisional")
    late = replace(made, run={**made.run, "built_at": datetime(2023, 10, 2)})
    told = dict(workbook._facts(late))
    assert told["Becomes final"] == "once approved; was due 1 October 2022"
    assert told["Next edition"] == "FY2023, was due 1 October 2023"


def test_a_share_of_few_is_no_per_cent_in_the_summary() -> None:
    tile = {"value": 0.75, "unit": "share 0-1", "shown": "9 of 12", "symbol": ""}
    assert workbook._value(tile) == ("9 of 12", "text")
    assert workbook._value({**tile, "shown": "75.0%"}) == (0.75, "share")


def test_tables_are_marked_up_and_symbols_stand_beside_their_figure(
    book: Any, edition: Edition
) -> None:
    for table, name in workbook.names(edition).items():
        made = book[name].tables[table]
        first, last = made.ref.split(":")
        assert first == f"A{sheet.HEAD + 1}"
        assert last.endswith(str(sheet.HEAD + 1 + len(edition.tables[table].rows)))
        heads = [c.name for c in made.tableColumns]
        assert len({h.lower() for h in heads}) == len(heads) and not [h for h in heads if "_" in h]
        codes = [c.value for c in book[name][sheet.NAMES + 1] if c.value]
        for figure in (f for f in ENTRIES if f.table == table):
            symbol = edition.tables[table].symbol_of(figure.measure)
            beside = codes[codes.index(symbol) - 1].removesuffix(" x 1,000")
            assert edition.tables[table].symbol_of(beside) == symbol
            assert not beside.endswith(("numerator", "denominator", "coverage")) or (
                beside == figure.measure
            )


def test_numbers_are_formatted_by_their_unit(book: Any, edition: Edition) -> None:
    seen = set()
    for table, name in workbook.names(edition).items():
        units = {c.name: c for c in edition.tables[table].columns}
        for row in in_sheet(book[name]):
            for column, cell in row.items():
                value, form = cell.value, cell.number_format
                if isinstance(value, str | None):
                    continue
                unit = units[column].unit if column in units else None
                if isinstance(value, datetime):
                    assert form == "yyyy-mm-dd"
                elif words.is_share(unit):
                    assert form == "0.0%", column
                elif column in units and units[column].type in ("BIGINT", "INTEGER"):
                    assert form == ("0" if column.endswith("year") else "#,##0"), column
                seen.add(form)
    assert {"0.0%", "#,##0", "#,##0.00", "yyyy-mm-dd", "0.00000"} <= seen


def test_every_sheet_is_set_up_for_print_and_its_rows_have_heights(
    book: Any, edition: Edition
) -> None:
    tables = workbook.names(edition).values()
    for made in book:
        assert made.page_setup.orientation == "landscape"
        # A width of one page is what a file without a number means.
        assert (made.page_setup.fitToWidth or 1, made.page_setup.fitToHeight) == (1, 0)
        assert made.sheet_properties.pageSetUpPr.fitToPage
        assert f"{edition.name} ({edition.status})" in made.oddFooter.left.text
        assert made.oddFooter.right.text == "Page &P of &N"
        if made.title in tables:
            assert made.print_title_rows == f"${sheet.NAMES + 1}:${sheet.HEAD + 1}"
            lines = range(sheet.HEAD + 1, made.max_row + 1)
            assert all(made.row_dimensions[line].height for line in lines)
            assert all(made.column_dimensions[c].width for c in ("A", "B", "C"))


def test_each_figure_that_has_columns_or_bars_has_its_chart_beside_its_table(
    book: Any, edition: Edition
) -> None:
    for table, name in workbook.names(edition).items():
        own = [f for f in ENTRIES if f.table == table and f.kind in plots.TYPES]
        assert len(book[name]._charts) == len(own), table
        width = len([c for c in book[name][sheet.NAMES + 1] if c.value])
        assert all(c.anchor._from.col == width + 1 for c in book[name]._charts)


def test_text_is_never_a_formula(folder: Path, book: Any, edition: Edition) -> None:
    with zipfile.ZipFile(folder / "outlook.xlsx") as raw:
        sheets = [n for n in raw.namelist() if n.startswith("xl/worksheets/sheet")]
        assert len(sheets) == len(TABLES) + 3
        assert not [n for n in sheets if b"<f>" in raw.read(n)]
    cities = book[workbook.names(edition)["sellers_by_city"]]
    assert "=1+1" in {c.value for row in cities.iter_rows() for c in row}


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_the_same_cells_widths_and_heights(
    folder: Path, book: Any, edition: Edition, tmp_path: Path
) -> None:
    """Written again by LibreOffice as it has understood it."""
    assert OFFICE
    home = f"-env:UserInstallation=file://{tmp_path}/office"
    command = [OFFICE, "--headless", home, "--convert-to", "xlsx", "--outdir", str(tmp_path)]
    subprocess.run(
        [*command, str(folder / "outlook.xlsx")], check=True, capture_output=True, timeout=300
    )
    again = openpyxl.load_workbook(tmp_path / "outlook.xlsx")
    assert again.sheetnames == book.sheetnames
    for made in book:
        seen = again[made.title]
        cells = {c.coordinate: c.value for r in made.iter_rows() for c in r if c.value is not None}
        for at, value in cells.items():
            there = seen[at].value
            if isinstance(value, float):
                assert there == pytest.approx(value, rel=1e-14), (made.title, at)
            else:
                # LibreOffice writes what is true or false as a formula.
                written = f"={value}()".upper() if isinstance(value, bool) else value
                assert there == written, (made.title, at)
        for line, about in made.row_dimensions.items():
            if about.height:
                assert seen.row_dimensions[line].height == pytest.approx(about.height, abs=0.5)
    for name in workbook.names(edition).values():
        assert len(again[name]._charts) == len(book[name]._charts)
        assert [*again[name].tables] == [*book[name].tables]
        assert again[name].column_dimensions["A"].width == pytest.approx(
            book[name].column_dimensions["A"].width, abs=1
        )
