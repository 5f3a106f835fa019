"""The page: fills the templates with the edition's figures, sentences and charts."""

import base64
from dataclasses import dataclass
from typing import Any

from altair.utils.schemapi import debug_mode
from markupsafe import Markup

from warehouse.models import models
from warehouse.page import (
    ahead,
    cards,
    charts,
    dots,
    measures,
    nights,
    queries,
    rendering,
    revisions,
    sentences,
    story,
    theme,
    vintages,
    words,
)
from warehouse.page.charts import Picture
from warehouse.page.edition import Column, Edition, Table
from warehouse.page.series import (
    Figure,
    Point,
    a_year_before,
    change,
    classes,
    figures,
    label_of,
    layout,
    named,
    points,
    shown,
    this_year,
    unit_of,
)


@dataclass(frozen=True)
class Shown:
    """One figure as the template needs it."""

    number: str
    figure: Figure
    title: str
    unit: str
    picture: Picture | None
    svgs: dict[str, Markup]
    missing: str | None
    is_withheld: bool
    few: list[tuple[str, str]]
    others: str
    head: list[dict[str, Any]]
    rows: list[list[dict[str, Any]]]
    query: str
    built: str

    @property
    def is_table(self) -> bool:
        """Whether its rows stand on the page itself."""
        return self.figure.kind == "table" and bool(self.rows) and not self.missing


KINDS = {
    "csv": "text/csv",
    "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def render(
    edition: Edition,
    pictures: dict[str, Picture],
    carried: dict[str, bytes],
    listed: dict[str, dict[str, Any]],
) -> str:
    """The whole page. `carried` are the files embedded in it: the workbook, a CSV per table and all
    of them in a zip. `listed` are the files beside it, with size and hash."""
    found = {s["id"]: figures(s, edition) for s in layout()["section"]}
    on_page = [f for of_section in found.values() for f in of_section]
    numbers = _numbers(on_page)
    made = {f.id: _shown(numbers[f.id], f, edition, pictures.get(f.id)) for f in on_page}
    sections = [
        {**_section(s, edition), "figures": drawn}
        for s in layout()["section"]
        if (drawn := [made[f.id] for f in found[s["id"]] if f.is_drawn])
    ]
    return rendering.template("index.html.j2", texts=lambda t: _text(t, edition)).render(
        e=edition,
        title=_title(edition),
        year_label=rendering.year_label(edition),
        style=rendering.style(),
        tiles=tiles(edition),
        lead=sentences.lead(edition, on_page),
        points=story.main_points(on_page, edition),
        numbers=numbers,
        sections=sections,
        comparison=_comparison(edition),
        outlook=next(s for s in layout()["section"] if s["id"] == "ahead"),
        ahead=ahead.paragraphs(edition),
        first_figures=vintages.sentences(edition.first_figures),
        groups=measures.groups(layout()["section"], found, edition),
        measures=[made[f.id] for f in on_page if not f.is_drawn],
        unknown=layout()["unknown"],
        method=layout()["method"],
        definitions=_definitions([made[f.id] for f in on_page]),
        symbols=words.SYMBOLS,
        calendar=_calendar(pictures.get("nights"), _calendar_number(numbers)),
        statuses=nights.STATUSES,
        colour_names={hex_: name for name, hex_ in theme.PALETTE.items()},
        accounts=nights.accounts(edition),
        revisions=revisions.shown(edition),
        odd=nights.odd_nights(edition),
        listed=listed,
        links={name: _data_link(name, content) for name, content in carried.items()},
        sizes={name: _size(len(content)) for name, content in carried.items()},
    )


def _numbers(on_page: list[Figure]) -> dict[str, str]:
    """Charts are Figure 1, 2, …, tables Table 1, …, and measures without a chart M1, M2, …"""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for figure in on_page:
        kind = {"measure": "M", "table": "Table "}.get(figure.kind, "Figure ")
        counts[kind] = counts.get(kind, 0) + 1
        names[figure.id] = f"{kind}{counts[kind]}"
    return names


def _calendar_number(numbers: dict[str, str]) -> int:
    """The calendar of nights follows the figures, drawn or not."""
    return 1 + sum(number.startswith("Figure ") for number in numbers.values())


def _section(entry: dict[str, Any], edition: Edition) -> dict[str, Any]:
    """A section with the text for what the exports are."""
    said = entry["sample_text"] if edition.is_sample and "sample_text" in entry else ""
    return {**entry, "text": said or entry["text"]}


def drawn(edition: Edition) -> dict[str, Picture]:
    """Every figure that can be drawn, by its id; the calendar is `nights`."""
    found = {}
    # A test holds finished charts to the schema; Altair would do so at each step of making one.
    with debug_mode(False):
        for entry in layout()["section"]:
            for figure in figures(entry, edition):
                made = charts.picture(figure, edition)
                if made:
                    found[figure.id] = made
        calendar = nights.picture(edition)
    return {**found, "nights": calendar} if calendar else found


def tiles(edition: Edition) -> list[dict[str, Any]]:
    """The headline figures, as the page and the workbook show them."""
    return [_tile(t, edition) for t in layout()["tile"]]


def _title(edition: Edition) -> str:
    name = words.possessive(edition.market["market_name"])
    return f"{name} sellers on a global B2B marketplace, {edition.year}"


def _text(text: str, edition: Edition) -> str:
    """A text of sections.toml with its placeholders filled."""
    return text.format(
        market=edition.market["market_name"],
        edition=edition.name,
        year_label=rendering.year_label(edition),
        limit=edition.market["smallest_cell"],
    )


def _tile(tile: dict[str, Any], edition: Edition) -> dict[str, Any]:
    """Headline figure with its symbol, its change on last year and its meaning."""
    figure = _of_tile(tile)
    known = figure.table in edition.tables
    found = points(figure, edition) if known else []
    now = this_year(found, edition)
    told = classes(now)[:1] if figure.key else [p for p in now if p.value is not None]
    title = tile["title"]
    if figure.key:
        title = title.format(leader=told[0].label) if told else tile["none"]
    made = {
        "title": title,
        "doc": _text(tile["doc"], edition),
        "link": tile.get("link", ""),
        "card": cards.card(tile, figure, told[0] if told else None, edition) if known else None,
    }
    missing = edition.availability.get(figure.name)
    if not told or told[0].value is None:
        symbol = now[0].symbol if now and len(now) == 1 else "x"
        return {**made, "value": None, "symbol": symbol or "x", "change": "", "missing": missing}
    point = told[0]
    value = point.value or 0
    unit = unit_of(figure, edition)
    return {
        **made,
        "value": value,
        "shown": shown(point, unit) if words.is_share(unit) else words.short(value),
        "unit": unit,
        "symbol": point.symbol or "",
        "change": _since(point, a_year_before(point, found), unit),
        "as_of": point.as_of,
        "missing": missing,
    }


def _since(point: Point, before: Point | None, unit: str | None) -> str:
    """The change of a tile on last year."""
    if before is None:
        return "no comparable figure a year before"
    text = change(point, before, unit)
    is_named = text.startswith(("+", words.MINUS))
    return f"{text} {'on' if is_named else 'since'} {before.edition}"


def _shown(number: str, figure: Figure, edition: Edition, picture: Picture | None) -> Shown:
    table = edition.tables[figure.table]
    rows = queries.rows(figure, edition)
    dropped = figure.real_only if edition.is_sample else ()
    names = [n for n in _columns(figure, table, rows) if n not in dropped]
    columns = [c for name in names if (c := table.column(name))]
    head = [
        {
            "name": c.name,
            "doc": c.doc,
            "is_number": c.is_number,
            "text": figure.heads.get(c.name) or words.heading(c.name),
        }
        for c in columns
    ]
    cells = list(
        zip(*(_column_cells(figure, edition, table, c, rows) for c in columns), strict=True)
    )
    svgs = {}
    if picture:
        svgs = {w: Markup(picture.svg(w, f"{figure.id}-{w}")) for w in picture.drawings}
    built = {m.table: m.sql for m in models()}.get(f"report.{figure.table}", "")
    missing = edition.availability.get(figure.name)
    now = this_year(points(figure, edition), edition)
    return Shown(
        number,
        figure,
        sentences.title(figure, edition),
        _text(figure.unit, edition),
        picture,
        svgs,
        missing,
        any(p.symbol == "c" for p in now),
        dots.few(figure, edition) if figure.key and not picture else [],
        f"other {words.CLASSES[figure.label]}" if figure.label in words.CLASSES else "others",
        head,
        cells,
        queries.query(figure, edition, names),
        built,
    )


def _column_cells(
    figure: Figure, edition: Edition, table: Table, column: Column, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The cells of a column of the data table; figures of one unit have as many decimals."""
    if not column.is_number:
        return [_cell(figure, edition, table, column, row, 0) for row in rows]
    values: dict[str | None, list[Any]] = {}
    for row in rows:
        values.setdefault(column.unit or row.get("unit"), []).append(row[column.name])
    digits = {unit: words.decimals(of, unit) for unit, of in values.items()}
    return [
        _cell(figure, edition, table, column, row, digits[column.unit or row.get("unit")])
        for row in rows
    ]


def _cell(
    figure: Figure, edition: Edition, table: Table, column: Column, row: dict[str, Any], digits: int
) -> dict[str, Any]:
    """A cell of the data table: its text, the value of a number, and its symbol."""
    is_number = column.is_number
    # Words have no symbol, nor has what is somebody else's figure.
    is_ours = is_number and (column.name == figure.measure or not figure.is_bare)
    symbol = (
        edition.symbol(row, table.symbol_of(column.name))
        if is_ours or column.name == figure.label
        else None
    )
    is_figure = column.name == figure.measure or table.column(f"{column.name}_symbol") is not None
    text = words.cell(row[column.name], column.unit or row.get("unit"), symbol, digits)
    if column.name == figure.label and text == row[column.name]:
        text = label_of(figure, row)
        text = words.capital(text) if row[column.name] in figure.names else text
    is_marked = is_figure and is_ours and row[column.name] is not None
    return {
        "text": text,
        "value": row[column.name],
        "is_number": is_number,
        "is_date": column.type == "DATE",
        "flag": symbol if is_marked else None,
    }


def _columns(figure: Figure, table: Table, rows: list[dict[str, Any]]) -> list[str]:
    """The columns in sections.toml, then the measure and its parts.

    A count is its own numerator and has no denominator: columns that add nothing are left out.
    """
    telling = [
        c
        for c in queries.parts(figure, table)
        if any(r[c] not in (None, r[figure.measure]) for r in rows)
    ]
    return list(dict.fromkeys([*figure.columns, figure.measure, *telling]))


def _calendar(picture: Picture | None, number: int) -> dict[str, Any] | None:
    if picture is None:
        return None
    svgs = {w: Markup(picture.svg(w, f"nights-{w}")) for w in picture.drawings}
    return {"svgs": svgs, "number": number}


def _of_tile(tile: dict[str, Any]) -> Figure:
    return Figure(
        id="",
        table=tile["table"],
        measure=tile["measure"],
        kind="tile",
        title="plain",
        noun=tile["title"],
        row=tile["title"],
        unit="",
        columns=[],
        where=tile.get("where", {}),
        figure=tile.get("figure", ""),
        label=tile.get("label", ""),
        key=tile.get("key", ""),
    )


def _comparison(edition: Edition) -> list[measures.Measure]:
    """A row per tile, and those that have no figure on the page."""
    tiles = [_of_tile(t) for t in layout()["tile"] if t["table"] in edition.tables]
    rows = [f for r in layout()["row"] if (f := named(r["id"], edition))]
    return measures.compared(tiles, rows, edition)


def _definitions(on_page: list[Shown]) -> list[dict[str, str]]:
    """What each figure counts, as the model of its table states it; a table once."""
    found = {m.name: m for m in models() if m.schema == "report"}
    parts = ("numerator", "denominator", "decided", "pitfalls")
    made: dict[str, dict[str, Any]] = {}
    for one in on_page:
        table = one.figure.table
        model = found.get(table)
        new = {
            "table": table,
            "numbers": [],
            "title": words.capital(one.figure.noun),
            "doc": model.doc if model else "",
            **{k: str(model.about.get(k, "")) if model else "" for k in parts},
        }
        made.setdefault(table, new)["numbers"].append(one.number)
    return list(made.values())


def _data_link(name: str, content: bytes) -> Markup:
    kind = KINDS[name.rpartition(".")[2]]
    return Markup(f"data:{kind};base64,{base64.b64encode(content).decode()}")


def _size(length: int) -> str:
    return f"{words.number(max(1, (length + 500) // 1000))} KB"
