"""Native charts of the workbook, beside the table that they draw."""

from typing import Any

from xlsxwriter.utility import xl_col_to_name

from warehouse.page import sentences, theme
from warehouse.page.edition import Edition, Row, Table
from warehouse.page.series import Figure, classes, points, this_year
from warehouse.page.sheet import HEAD, places

MOST = 10  # bars of a ranking
TALL = 16  # rows of a sheet that a chart covers
# What draws a kind of figure; the others are read from the table.
# Months are columns too: a line would run through 0 where a month has no figure.
TYPES = {"years": "column", "ranking": "bar", "months": "column"}


def add(book: Any, sheet: Any, table: Table, own: list[Figure], edition: Edition) -> None:
    """A chart for each of the page's figures that has columns, bars or months."""
    line = HEAD
    for figure in own:
        drawn = _series(figure, table, edition)
        if not drawn:
            continue
        is_bar = TYPES[figure.kind] == "bar"
        chart = book.add_chart({"type": TYPES[figure.kind]})
        for (name, rows), colour in zip(
            drawn, (theme.GREEN, theme.MUTED)[: len(drawn)][::-1], strict=True
        ):
            by = figure.month or figure.label or "edition"
            chart.add_series(
                {
                    "name": name,
                    "categories": _cells(sheet, table, own, by, rows),
                    "values": _cells(sheet, table, own, figure.measure, rows),
                    "fill": {"color": colour},
                    "data_labels": {"value": not figure.month},
                    "gap": 60,
                }
            )
        chart.set_title({"name": sentences.title(figure, edition), "name_font": {"size": 11}})
        chart.set_legend({"position": "bottom"} if figure.month else {"none": True})
        chart.set_x_axis(
            {
                "major_gridlines": {"visible": False},
                "visible": not is_bar,
                "num_format": "mmm" if figure.month else "General",
                "text_axis": True,
            }
        )
        chart.set_y_axis(
            {
                "major_gridlines": {"visible": False},
                "reverse": is_bar,
                "visible": is_bar or bool(figure.month),
                "min": 0,
            }
        )
        about = {"description": figure.unit, "object_position": 2}
        sheet.insert_chart(line, len(places(table, own)) + 1, chart, about)
        line += TALL


def _series(figure: Figure, table: Table, edition: Edition) -> list[tuple[str, list[int]]]:
    """Name and rows of the sheet of each series: two years of months, else one series."""
    if figure.kind not in TYPES:
        return []
    shown = [
        (line, row)
        for line, row in enumerate(table.rows, HEAD + 1)
        if all(row.get(k) == v for k, v in figure.where.items())
    ]
    if figure.kind == "months":
        years = [f"{edition.name[:2]}{edition.year - 1}", edition.name]
        found = [(y, [line for line, row in shown if row["edition"] == y]) for y in years]
        return [(y, rows) for y, rows in found if rows]
    rows = [line for line, row in shown if _is_drawn(figure, row, edition)]
    return [(figure.noun, rows)] if rows else []


def _is_drawn(figure: Figure, row: Row, edition: Edition) -> bool:
    if figure.kind == "years" or row[figure.measure] is None:
        return row[figure.measure] is not None
    keys = [p.key for p in classes(this_year(points(figure, edition), edition))][:MOST]
    return row["edition"] == edition.name and str(row[figure.key]) in keys


def _cells(sheet: Any, table: Table, own: list[Figure], column: str, rows: list[int]) -> str:
    """Reference to cells of one column, adjacent or not. Of a very small rate, a thousand times."""
    named = [p.column.name for p in places(table, own)]
    at = len(named) - 1 - named[::-1].index(column)
    letter = xl_col_to_name(at)
    blocks: list[list[int]] = []
    for row in rows:
        if blocks and row == blocks[-1][-1] + 1:
            blocks[-1].append(row)
        else:
            blocks.append([row])
    parts = [f"'{sheet.name}'!${letter}${b[0] + 1}:${letter}${b[-1] + 1}" for b in blocks]
    return f"=({','.join(parts)})" if len(parts) > 1 else f"={parts[0]}"
