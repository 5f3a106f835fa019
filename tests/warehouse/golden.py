"""Golden cases: rows that a query is given, and rows that it must make of them, as CSV files.

A case is the folder `cases/<query>/<case>/`. It holds CSVs of tables that the query rests on, with
the columns that matter (the others are null), and `expect.csv`: the rows that must come out, in any
order, by the columns of its header. A table without a CSV is made by its model of those that have
one; a header alone is an empty table. An empty cell is NULL and `''` an empty text; lists and maps
are written as DuckDB writes them. Lines that start with `#` say how a figure comes about.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

CASES = Path(__file__).with_name("cases")
DECIMALS = 9
EMPTY_TEXT = "''"  # a cell without anything is NULL

# What a case does not give of these is what Pakistan has.
OF_THE_MARKET = (
    "lake.market",
    "lake.places",
    "lake.categories",
    "lake.countries",
    "lake.figures",
)

Cells = tuple[str | None, ...]
Columns = dict[str, str]  # name of a column -> its DuckDB type


@dataclass(frozen=True)
class Case:
    """One folder: the query's name, the case's name, the tables it gives."""

    folder: Path

    @property
    def query(self) -> str:
        return self.folder.parent.name

    @property
    def expect(self) -> Path:
        return self.folder / "expect.csv"

    def given(self) -> dict[str, "Sheet"]:
        """Tables of the case by their names; a file that is no table fails."""
        paths = [p for p in self.folder.iterdir() if p != self.expect]
        assert all(p.suffix == ".csv" for p in paths), f"not a CSV in {self.folder}"
        return {p.stem: read(p) for p in sorted(paths)}

    def __str__(self) -> str:
        return f"{self.query}/{self.folder.name}"


@dataclass(frozen=True)
class Sheet:
    """A CSV as it was read."""

    notes: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[Cells, ...]


def cases() -> list[Case]:
    """Every case there is, by name."""
    return [Case(p) for p in sorted(CASES.glob("*/*")) if p.is_dir()]


def read(path: Path) -> Sheet:
    """Cells as text, NULL as None. Raises AssertionError for a row of another length."""
    lines = path.read_text("utf-8").splitlines()
    notes = tuple(line for line in lines if line.startswith("#"))
    records = [r for r in csv.reader(line for line in lines if not line.startswith("#")) if r]
    header, *rows = records or [[]]
    ragged = [r for r in rows if len(r) != len(header)]
    assert not ragged, f"{path}: not as long as the header: {ragged}"
    return Sheet(notes, tuple(header), tuple(tuple(map(_value, r)) for r in rows))


def create(db: duckdb.DuckDBPyConnection, table: str, columns: Columns, sheet: Sheet) -> None:
    """Makes the table with its true types and puts the rows in; columns not given are null."""
    strange = set(sheet.header) - set(columns)
    assert not strange, f"{table} has no column {', '.join(sorted(strange))}"
    declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    db.execute(f"CREATE TABLE {table} ({declared})")
    if sheet.rows:
        names = ", ".join(f'"{name}"' for name in sheet.header)
        cells = ", ".join(f"CAST(unnest(?::VARCHAR[]) AS {columns[n]})" for n in sheet.header)
        by_column = [list(column) for column in zip(*sheet.rows, strict=True)]
        db.execute(f"INSERT INTO {table} ({names}) SELECT {cells}", by_column)


def columns_of(db: duckdb.DuckDBPyConnection, table: str) -> Columns:
    """Columns of a table with their types, in order."""
    found = db.execute(f"DESCRIBE {table}").fetchall()
    return {name: kind for name, kind, *_ in found}


def usual(empty: duckdb.DuckDBPyConnection, table: str) -> Sheet:
    """Rows of a table that a case does not give: none, but for what the market says."""
    if table not in OF_THE_MARKET:
        return Sheet((), (), ())
    rows = empty.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {table}").fetchall()
    return Sheet((), tuple(columns_of(empty, table)), tuple(rows))


def compare(db: duckdb.DuckDBPyConnection, made: str, case: Case, regen: bool) -> None:
    """Fails with the rows in which the table `made` and expect.csv differ.

    With `regen` expect.csv is rewritten instead, its notes and columns kept. The first one is
    written by hand: a case that repeats what the query did would only prove that it did it.
    """
    assert case.expect.is_file(), f"{case} has no expect.csv: write it by hand"
    expected = read(case.expect)
    assert expected.header, f"{case.expect} has no header"
    columns = columns_of(db, made)
    strange = set(expected.header) - set(columns)
    assert not strange, f"{case.query} makes no column {', '.join(sorted(strange))}"
    create(db, "memory.main.expected", {n: columns[n] for n in expected.header}, expected)

    chosen = ", ".join(
        f'round("{n}", {DECIMALS}) AS "{n}"' if columns[n] == "DOUBLE" else f'"{n}"'
        for n in expected.header
    )
    here, there = (f"SELECT {chosen} FROM {t}" for t in (made, "memory.main.expected"))
    missing = _rows(db, f"{there} EXCEPT ALL {here}")
    unexpected = _rows(db, f"{here} EXCEPT ALL {there}")
    if not missing and not unexpected:
        return
    if regen:
        case.expect.write_text(_text(expected, _rows(db, here)), "utf-8")
        pytest.skip(f"rewritten: {case.expect}")
    lines: list[tuple[str, Cells]] = [("", expected.header)]
    lines += [("missing", row) for row in missing] + [("not expected", row) for row in unexpected]
    pytest.fail(f"{case} differs:\n" + _aligned(lines), pytrace=False)


def _value(cell: str) -> str | None:
    return "" if cell == EMPTY_TEXT else cell or None


def _rows(db: duckdb.DuckDBPyConnection, query: str) -> list[Cells]:
    return db.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({query})").fetchall()


def _text(old: Sheet, rows: list[Cells]) -> str:
    out = io.StringIO()
    out.writelines(f"{note}\n" for note in old.notes)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(old.header)
    writer.writerows([EMPTY_TEXT if c == "" else c for c in row] for row in rows)
    return out.getvalue()


def _aligned(lines: list[tuple[str, Cells]]) -> str:
    table = [
        (f"  {side}", *("NULL" if c is None else c or EMPTY_TEXT for c in row))
        for side, row in lines
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table
    )
