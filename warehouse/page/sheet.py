"""One table as a sheet of the workbook: text is never a formula, numbers are never rounded."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any

from warehouse.page import theme, words
from warehouse.page.edition import Column, Edition, Row, Table
from warehouse.page.series import Figure

# Rows of a sheet: title, what the table is, its name for programs; then the columns' names for
# programs above those for readers.
TITLE, ABOUT, SOURCE, NAMES, HEAD = 0, 1, 2, 4, 5
WIDEST, NARROWEST = 32, 6  # of a column, in characters
LINE, SIZE = 14, 10  # points
MARKS = [f"[{s}]" for s in words.UNSHOWN]
AUTHOR = {"author": "Digital B2B Outlook"}
PAGE = "&L&8Digital B2B Outlook, {edition}&C&8{sheet}&R&8Page &P of &N"
FORMATS: dict[str, dict[str, Any]] = {
    "text": {"text_wrap": True, "align": "left", "indent": 1},
    "flag": {"num_format": '"yes";"yes";"no"', "align": "left", "indent": 1},
    "symbol": {"font_color": theme.MUTED, "align": "center"},
    "mark": {"font_color": theme.MUTED, "align": "right"},
    "date": {"num_format": "yyyy-mm-dd", "align": "left", "indent": 1},
    "year": {"num_format": "0", "align": "left", "indent": 1},
    "share": {"num_format": "0.0%"},
    "count": {"num_format": "#,##0"},
    "money": {"num_format": "#,##0.00"},
    "mean": {"num_format": "#,##0.00"},
    "rate": {"num_format": "0.00000"},
    "ratio": {"num_format": "0.000"},
}


@dataclass(frozen=True)
class Place:
    """A column of a sheet: of the table, or a thousand times one that is a very small rate."""

    column: Column
    name: str
    head: str
    is_per_thousand: bool = False

    @property
    def head_kind(self) -> str:
        """Format of its head."""
        if self.column.name.endswith("symbol"):
            return "symbol_head"
        return "number_head" if self.column.is_number else "head"

    def value(self, row: Row, table: Table) -> Any:
        """Content of its cell: the figure, else its symbol."""
        value = row[self.column.name]
        if value is None:
            symbol = row.get(table.symbol_of(self.column.name))
            # Not left empty: a formula of it must fail, not take it for 0.
            return f"[{symbol}]" if symbol in words.UNSHOWN else None
        if self.is_per_thousand:
            return float(Decimal(repr(value)).scaleb(3))
        if isinstance(value, Decimal):
            return float(value)
        return value if isinstance(value, bool | int | float | str | date) else str(value)


def formats(book: Any) -> dict[str, Any]:
    """The formats of all sheets, by name."""
    rule: dict[str, Any] = {
        "font_size": SIZE,
        "valign": "top",
        "bottom": 1,
        "bottom_color": theme.LINE,
    }
    head: dict[str, Any] = {"font_size": SIZE, "bold": True, "bg_color": theme.WASH, "bottom": 1}
    head |= {"text_wrap": True, "valign": "bottom"}
    told = {
        **{name: {**rule, **about} for name, about in FORMATS.items()},
        "title": {"bold": True, "font_size": 15, "font_color": theme.GREEN},
        "plain": {"text_wrap": True, "valign": "top"},
        "small": {"font_color": theme.MUTED, "font_size": 8},
        "notice": {"bold": True, "font_color": theme.AMBER},
        "head": {**head, "align": "left", "indent": 1},
        "number_head": {**head, "align": "right"},
        "symbol_head": {**head, "align": "center"},
        "bold": {"bold": True, "valign": "top", "text_wrap": True},
        "link": {"font_color": theme.BLUE, "underline": 1, "valign": "top"},
    }
    return {name: book.add_format(about) for name, about in told.items()}


def write(book: Any, name: str, table: Table, own: list[Figure], made: dict[str, Any]) -> Any:
    """Adds the table's sheet; `own` are the page's figures of it. Returns the sheet."""
    sheet = book.add_worksheet(name)
    sheet.write_string(TITLE, 0, words.heading(table.name), made["title"])
    source = f"report.{table.name} in the DuckDB file, csv/{table.name}.csv"
    sheet.write_string(SOURCE, 0, source, made["small"])
    placed = places(table, own)
    lines: list[list[tuple[str, float]]] = [[] for _ in range(len(table.rows) + 1)]
    for at, place in enumerate(placed):
        cells = [place.value(row, table) for row in table.rows]
        kinds = _kinds(place, table)
        told = [place.head, *(_told(v, k) for v, k in zip(cells, kinds, strict=True))]
        width = min(WIDEST, max([NARROWEST, *map(len, told[1:]), *map(len, told[0].split())]) + 2)
        sheet.set_column(at, at, width)
        sheet.write_string(NAMES, at, place.name, made["small"])
        sheet.write_string(HEAD, at, place.head, made[place.head_kind])
        sheet.write_comment(HEAD, at, place.column.doc, AUTHOR)
        for line, (value, kind) in enumerate(zip(cells, kinds, strict=True), HEAD + 1):
            put(sheet, (line, at), value, made[kind], made["mark"])
        for texts, text in zip(lines, told, strict=True):
            texts.append((text, width))
    for line, texts in enumerate(lines, HEAD):
        sheet.set_row(line, height(texts))
    across = sum(width for _, width in lines[0])
    sheet.merge_range(ABOUT, 0, ABOUT, len(placed) - 1, table.doc, made["plain"])
    sheet.set_row(ABOUT, height([(table.doc, across)]))
    if table.rows:
        columns = [{"header": p.head, "header_format": made[p.head_kind]} for p in placed]
        about = {"name": table.name, "columns": columns, "style": None}
        sheet.add_table(HEAD, 0, HEAD + len(table.rows), len(placed) - 1, about)
    sheet.freeze_panes(HEAD + 1, 1)
    sheet.repeat_rows(NAMES, HEAD)
    return sheet


def places(table: Table, own: list[Figure]) -> list[Place]:
    """The table's columns, with the symbol of a figure after it, and unlike names for readers."""
    after = _marked(table, [f.measure for f in own])
    found: list[Place] = []
    heads = [words.heading(c.name).lower() for c in table.columns]
    for column in table.columns:
        if column.name in after.values():
            continue
        mark = table.column(after.get(column.name, ""))
        for one, is_per_thousand in (
            (column, False),
            *([(column, True)] if column.unit in words.PER_THOUSAND else []),
            *([(mark, False)] if mark else []),
        ):
            name = f"{one.name} x 1,000" if is_per_thousand else one.name
            head = words.heading(one.name)
            if heads.count(head.lower()) > 1:  # such as country and country_iso2
                head = words.capital(one.name.replace("_", " "))
            head += " per 1,000" if is_per_thousand else ""
            found.append(Place(one, name, head, is_per_thousand))
    return found


def _marked(table: Table, measures: list[str]) -> dict[str, str]:
    """The symbol that follows each figure: its own, or the row's after the table's main figure."""
    names = [c.name for c in table.columns]
    main = [a for a, b in zip(names, names[1:], strict=False) if b == "numerator"]
    found: dict[str, str] = {}
    for measure in (*measures, *main, *names):
        symbol = table.symbol_of(measure)
        is_own = symbol == f"{measure}_symbol" or measure in (*measures, *main)
        if is_own and symbol in names and symbol not in found.values():
            found[measure] = symbol
    return found


def put(sheet: Any, at: tuple[int, int], value: Any, form: Any, mark: Any) -> None:
    """Writes a cell; text as text, whatever it begins with."""
    if value is None:
        sheet.write_blank(*at, None, form)
    elif isinstance(value, bool):
        sheet.write_boolean(*at, value, form)
    elif isinstance(value, int | float):
        sheet.write_number(*at, value, form)
    elif isinstance(value, date):
        sheet.write_datetime(*at, value, form)
    else:
        sheet.write_string(*at, value, mark if value in MARKS else form)


def height(texts: Iterable[tuple[str, float]]) -> float:
    """Height of a row that shows these texts at these widths: LibreOffice does not find it."""
    lines = [sum(ceil(len(t) / (w * 0.95)) or 1 for t in text.split("\n")) for text, w in texts]
    return LINE * max(lines, default=1)


def set_up_print(sheet: Any, edition: Edition) -> None:
    """Landscape on A4, as wide as a page, with the edition and the page's number at its foot."""
    told = f"{edition.market['market_name']}, {edition.name} ({edition.status})".replace("&", "&&")
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer(PAGE.format(edition=told, sheet="&A"))


def _kinds(place: Place, table: Table) -> list[str]:
    """Names of the formats of a column's cells, by the unit of the figures."""
    column = place.column
    if not column.is_number:
        kind = {"DATE": "date", "TIMESTAMP": "date", "BOOLEAN": "flag"}.get(column.type, "text")
        return ["symbol" if column.name.endswith("symbol") else kind] * len(table.rows)
    if column.name == "year" or column.name.endswith("_year"):
        return ["year"] * len(table.rows)
    if place.is_per_thousand:
        return ["money"] * len(table.rows)
    known = [abs(v) for r in table.rows if (v := r[column.name]) is not None]
    is_count = all(float(v).is_integer() for v in known)
    plain = "count" if is_count else "mean" if max(known) >= 1 else "ratio"
    units = [column.unit or r.get("unit") for r in table.rows]
    return [_kind(unit) or plain for unit in units]


def _kind(unit: Any) -> str | None:
    if words.is_share(unit):
        return "share"
    if unit in words.PER_THOUSAND:
        return "rate"
    return "money" if str(unit).startswith("USD") else None


def _told(value: Any, kind: str) -> str:
    """About what a cell shows, for the width of its column."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        digits = {"share": 3, "count": 0, "year": 0, "ratio": 3, "rate": 5}.get(kind, 2)
        return f"{value:,.{digits}f}"
    return "" if value is None else str(value)
