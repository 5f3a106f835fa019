"""The workbook: a sheet per table, with native charts. Data never become formulas."""

import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from warehouse.page import sentences, theme, words
from warehouse.page.edition import Edition, Table
from warehouse.page.series import Figure, classes, figures, layout, points, this_year

HEAD_ROW = 3  # title, description, an empty row; then the header
NAME_LIMIT = 31  # of a sheet's name


def write(path: Path, edition: Edition, title: str) -> None:
    """Writes every report table of the edition; [c] is withheld, [x] is not available."""
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
        "in_memory": True,
    }
    # Made in memory: a zip file cut short by a full disk raises again when it is collected.
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, options) as book:
        built = edition.run["built_at"].replace(microsecond=0)
        book.set_properties({"title": title, "subject": edition.name, "created": built})
        formats = _formats(book)
        _contents(book, edition, title, formats)
        _notes(book, edition, formats)
        shown = [f for s in layout()["section"] for f in figures(s, edition)]
        for table in edition.tables.values():
            sheet = _table(book, table, formats)
            own = [f for f in shown if f.table == table.name]
            _charts(book, sheet, table, own, edition)
    path.write_bytes(made.getvalue())


def sheet_name(table: str) -> str:
    return table[:NAME_LIMIT]


def cell(value: Any, symbol: str | None) -> Any:
    """Content of a cell: the figure, else its symbol."""
    if value is None:
        return f"[{symbol}]" if symbol else None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bool | int | float | str | date):
        return value
    return str(value)


def _formats(book: Any) -> dict[str, Any]:
    return {
        "title": book.add_format({"bold": True, "font_size": 15, "font_color": theme.GREEN}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
        "muted": book.add_format({"font_color": theme.MUTED}),
        "head": book.add_format(
            {"bold": True, "bg_color": theme.WASH, "bottom": 1, "text_wrap": True, "valign": "top"}
        ),
        "bold": book.add_format({"bold": True, "valign": "top"}),
        "link": book.add_format({"font_color": theme.BLUE, "underline": 1}),
        "count": book.add_format({"num_format": "#,##0"}),
        "year": book.add_format({"num_format": "0"}),
        "share": book.add_format({"num_format": "0.0%"}),
        "float": book.add_format({"num_format": "#,##0.00"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
        "symbol": book.add_format({"font_color": theme.MUTED, "align": "right"}),
    }


def _contents(book: Any, edition: Edition, title: str, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet("Contents")
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, title, formats["title"])
    about = (
        f"{edition.name}, {edition.status} edition of {words.day(edition.released_on)}, "
        f"data to {words.day(edition.data_to)}"
    )
    sheet.write_string(1, 0, about, formats["muted"])
    sheet.write_row(3, 0, ["Sheet", "Description"], formats["head"])
    entries = [("Notes", "How to read the tables, and what they do not say.")]
    entries += [(sheet_name(t.name), t.doc) for t in edition.tables.values()]
    for row, (name, doc) in enumerate(entries, 4):
        sheet.write_url(row, 0, f"internal:'{name}'!A1", formats["link"], name)
        sheet.write_string(row, 1, doc, formats["text"])


def _notes(book: Any, edition: Edition, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet("Notes")
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 110)
    rows = [(f"[{s}] {name}", doc) for s, (name, doc) in words.SYMBOLS.items()]
    fill = {
        "market": edition.market["market_name"],
        "edition": edition.name,
        "limit": edition.market["smallest_cell"],
        "year_label": edition.name,
    }
    rows += [(m["term"], m["text"].format(**fill)) for m in layout()["method"]]
    rows += [(u["title"], u["text"].format(**fill)) for u in layout()["unknown"]]
    run = edition.run
    rows.append(
        (
            "How it was made",
            f"Run {run['run_id']}, code {run['code_version']}, "
            f"DuckDB {run['duckdb_version']}, "
            f"lake {run['lake_fingerprint']}.",
        )
    )
    sheet.write_string(0, 0, "Notes", formats["title"])
    for row, (term, text) in enumerate(rows, 2):
        sheet.write_string(row, 0, term, formats["bold"])
        sheet.write_string(row, 1, text, formats["text"])


def _table(book: Any, table: Table, formats: dict[str, Any]) -> Any:
    sheet = book.add_worksheet(sheet_name(table.name))
    sheet.write_string(0, 0, f"report.{table.name}", formats["title"])
    sheet.write_string(1, 0, table.doc, formats["muted"])
    for place, column in enumerate(table.columns):
        sheet.write_string(HEAD_ROW, place, column.name, formats["head"])
        sheet.write_comment(HEAD_ROW, place, column.doc, {"author": "Digital B2B Outlook"})
        longest = max((len(str(r[column.name])) for r in table.rows[:200]), default=0)
        sheet.set_column(place, place, min(34, max(11, longest + 1, len(column.name) * 0.8)))
    for line, row in enumerate(table.rows, HEAD_ROW + 1):
        for place, column in enumerate(table.columns):
            value = row[column.name]
            held = cell(value, row.get(table.symbol_of(column.name)))
            _write(sheet, (line, place), held, column.unit, formats)
    sheet.freeze_panes(HEAD_ROW + 1, 1)
    if table.rows:
        last = HEAD_ROW + len(table.rows)
        sheet.autofilter(HEAD_ROW, 0, last, len(table.columns) - 1)
    return sheet


def _write(
    sheet: Any, at: tuple[int, int], held: Any, unit: str | None, formats: dict[str, Any]
) -> None:
    if held is None:
        return
    if isinstance(held, bool):
        sheet.write_boolean(*at, held)
    elif isinstance(held, int | float):
        kind = "share" if words.is_share(unit) else "count" if float(held).is_integer() else "float"
        kind = "year" if unit == "year" else kind
        sheet.write_number(*at, held, formats[kind])
    elif isinstance(held, datetime | date):
        sheet.write_datetime(*at, held, formats["date"])
    else:
        # As text, whatever it begins with.
        is_symbol = held in {f"[{s}]" for s in words.SYMBOLS}
        sheet.write_string(*at, held, formats["symbol"] if is_symbol else None)


def _charts(book: Any, sheet: Any, table: Table, own: list[Figure], edition: Edition) -> None:
    """A native chart for each figure that has columns or bars, to the right of the table."""
    row = HEAD_ROW
    for figure in own:
        rows = _drawn_rows(figure, table, edition)
        if figure.kind not in ("years", "ranking") or not rows:
            continue
        names = figure.label or "edition"
        is_bar = figure.kind == "ranking"
        chart = book.add_chart({"type": "bar" if is_bar else "column"})
        chart.add_series(
            {
                "name": figure.noun,
                "categories": _cells(table, names, rows),
                "values": _cells(table, figure.measure, rows),
                "fill": {"color": theme.GREEN},
                "data_labels": {"value": True},
                "gap": 60,
            }
        )
        chart.set_title({"name": sentences.title(figure, edition), "name_font": {"size": 12}})
        chart.set_legend({"none": True})
        chart.set_x_axis({"major_gridlines": {"visible": False}, "visible": not is_bar})
        chart.set_y_axis(
            {"major_gridlines": {"visible": False}, "reverse": is_bar, "visible": is_bar}
        )
        options = {"description": figure.unit, "object_position": 2}
        sheet.insert_chart(row, len(table.columns) + 1, chart, options)
        row += 16


def _drawn_rows(figure: Figure, table: Table, edition: Edition) -> list[int]:
    """Sheet rows of the figure's points, in the order of the chart."""
    rows = []
    keys = [p.key for p in classes(this_year(points(figure, edition), edition))][:10]
    for line, row in enumerate(table.rows, HEAD_ROW + 1):
        if any(row.get(k) != v for k, v in figure.where.items()):
            continue
        if figure.kind == "ranking" and (
            row["edition"] != edition.name or str(row[figure.key]) not in keys
        ):
            continue
        if row[figure.measure] is not None:
            rows.append(line)
    return rows


def _cells(table: Table, column: str, rows: list[int]) -> str:
    """Reference to cells of one column, adjacent or not."""
    letter = xlsxwriter.utility.xl_col_to_name([c.name for c in table.columns].index(column))
    name = sheet_name(table.name)
    blocks: list[list[int]] = []
    for row in rows:
        if blocks and row == blocks[-1][-1] + 1:
            blocks[-1].append(row)
        else:
            blocks.append([row])
    parts = [f"'{name}'!${letter}${b[0] + 1}:${letter}${b[-1] + 1}" for b in blocks]
    return f"=({','.join(parts)})" if len(parts) > 1 else f"={parts[0]}"
