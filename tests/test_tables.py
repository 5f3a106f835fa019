"""Tables of the command line, read by people at 80 columns and by programs in a pipe."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from warehouse.cli import terminal

ROWS: list[dict[str, Any]] = [
    {
        "dataset": "listings",
        "export_date": "2022-06-30",
        "rows_in": 3_215_904,
        "reason": "title: too short, and a long text that says at length what happened to the row",
    },
    {"dataset": "sellers", "export_date": "2022-06-30", "rows_in": None, "reason": "缺少 公司名称"},
]
WIDE = [{f"column_{n}": 1_000_000_000 + n for n in range(9)}]


def printed(
    monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], columns: int | None
) -> list[str]:
    """The lines of a table on a terminal so many columns wide, or in a pipe."""
    file = io.StringIO()
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", f"{columns}")
    monkeypatch.setattr(terminal, "out", terminal._Console(file=file, width=columns or 80))
    terminal.print_rows(rows)
    return file.getvalue().splitlines()


def test_in_a_pipe_a_row_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(monkeypatch, ROWS, None)
    assert len(lines) == 3
    assert lines[0].split() == ["dataset", "export_date", "rows_in", "reason"]
    assert lines[1].startswith("listings  2022-06-30   3,215,904  title: too short")
    assert lines[1].endswith("what happened to the row")
    at = lines[0].index("reason")
    assert lines[1][at:].startswith("title") and lines[2][at:].startswith("缺少")


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_at_any_width_no_number_is_folded(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(monkeypatch, ROWS, columns)
    assert max(map(cell_len, lines)) <= columns
    assert {line[0] for line in lines} == set("┏┃┡│└")
    assert {line[-1] for line in lines} == set("┓┃┩│┘")
    assert any("3,215,904" in line and "2022-06-30" in line for line in lines)
    told = " ".join(w for line in lines[3:-1] for w in line.split("│")[-2].split())
    assert told == " ".join(str(row["reason"]) for row in ROWS)


def test_a_table_that_cannot_fit_has_a_line_per_value(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(monkeypatch, WIDE, 80) == [
        f"column_{n}  {1_000_000_000 + n:,}" for n in range(9)
    ]
    assert len(printed(monkeypatch, WIDE, None)) == 2


def test_a_calendar_names_its_days(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(terminal, "out", terminal._Console(file=file, width=80))
    first = date(2021, 12, 25)
    nights: list[dict[str, Any]] = [
        {"dataset": d, "export_date": first + timedelta(n), "status": "missing" if n == 3 else "ok"}
        for d in ("sellers", "listings")
        for n in range(14)
    ]
    terminal.print_calendar(nights)
    lines = file.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= 80
    (units, again) = [n for n, line in enumerate(lines) if line.startswith("month")]
    december = lines[units + 1]
    assert december.startswith("2021-12  listings") and december.endswith(" 6 of  7")
    for day, mark in ((24, "·"), (25, "●"), (28, "○"), (31, "●")):
        column = 20 + day - 1
        assert december[column] == mark
        assert lines[units][column] == f"{day % 10}"
        assert day % 10 or lines[units - 1][column] == f"{day // 10}"
    assert lines[again + 1].startswith("2022-01  listings")
    assert lines[again + 1].endswith(" 7 of  7")


def test_a_wide_table_is_folded_under_its_first_column(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"edition": "FY2022", **{f"+{n}": 1_000_000 + n for n in range(11)}}]
    file = io.StringIO()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(terminal, "out", terminal._Console(file=file, width=80))
    parts = list(terminal.folded(rows))
    assert [len(part[0]) for part in parts] == [6, 6, 2]  # 7 + 3 and five times 9 + 3 columns
    assert [name for part in parts for name in list(part[0])[1:]] == [f"+{n}" for n in range(11)]
    for part in parts:
        assert next(iter(part[0])) == "edition"
        terminal.print_rows(part)
    lines = file.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert {line[0] for line in lines} == set("┏┃┡│└"), "a part became a block of lines"
    monkeypatch.delenv("COLUMNS")
    assert list(terminal.folded(rows)) == [rows], "in a pipe it stays one table"
