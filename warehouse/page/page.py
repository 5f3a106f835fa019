"""The page: fills the templates with the edition's figures, sentences and charts."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from altair.utils.schemapi import debug_mode
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from warehouse.models import models
from warehouse.page import cards, charts, nights, queries, revisions, sentences, story, theme, words
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
    noun,
    points,
    shown,
    this_year,
    unit_of,
)

ROOM = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Shown:
    """One figure as the template needs it."""

    number: int
    figure: Figure
    title: str
    unit: str
    picture: Picture | None
    svgs: dict[str, Markup]
    missing: str | None
    is_withheld: bool
    head: list[dict[str, Any]]
    rows: list[list[dict[str, Any]]]
    query: str
    built: str


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
    environment = Environment(
        loader=FileSystemLoader(ROOM),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=words.number, day=words.day, percent=words.percent, texts=lambda t: _text(t, edition)
    )
    sections, on_page = [], []
    number = 0
    for entry in layout()["section"]:
        found = figures(entry, edition)
        made = []
        for figure in found:
            number += 1
            made.append(_shown(number, figure, edition, pictures.get(figure.id)))
            on_page.append(figure)
        if made:
            said = entry["sample_text"] if edition.is_sample and "sample_text" in entry else ""
            sections.append({**entry, "text": said or entry["text"], "figures": made})
    style = (ROOM / "style.css").read_text("utf-8")
    return environment.get_template("index.html.j2").render(
        e=edition,
        title=_title(edition),
        year_label=year_label(edition),
        style=Markup(theme.fonts() + style + recolouring()),
        tiles=[_tile(t, edition) for t in layout()["tile"]],
        lead=sentences.lead(edition, on_page),
        points=story.main_points(on_page, edition),
        numbers={f.id: place for place, f in enumerate(on_page, 1)},
        sections=sections,
        comparison=_comparison(on_page, edition),
        unknown=layout()["unknown"],
        method=layout()["method"],
        definitions=_definitions(on_page, edition),
        symbols=words.SYMBOLS,
        calendar=_calendar(pictures.get("nights"), number + 1),
        statuses=nights.STATUSES,
        colour_names={hex_: name for name, hex_ in theme.PALETTE.items()},
        accounts=nights.accounts(edition),
        revisions=revisions.shown(edition),
        odd=nights.odd_nights(edition),
        listed=listed,
        links={name: _data_link(name, content) for name, content in carried.items()},
        sizes={name: _size(len(content)) for name, content in carried.items()},
    )


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


def year_label(edition: Edition) -> str:
    kind = "Fiscal" if edition.basis == "fiscal" else "Calendar"
    first, last = edition.period_from, edition.period_to
    return f"{kind} year {edition.year} ({first:%B %Y} \N{EN DASH} {last:%B %Y})"


def recolouring() -> str:
    """Charts have plain colours; on screen each becomes the CSS variable of its name."""
    rules = [
        f'svg [{a}="{hex_}"]{{{a}:var(--{name})}}'
        for name, hex_ in theme.PALETTE.items()
        for a in ("fill", "stroke")
    ]
    rules += [f'svg [{a}="white"]{{{a}:var(--paper)}}' for a in ("fill", "stroke")]
    return "@media screen{" + "".join(rules) + "}"


def _title(edition: Edition) -> str:
    name = words.possessive(edition.market["market_name"])
    return f"{name} sellers on a global B2B marketplace, {edition.year}"


def _text(text: str, edition: Edition) -> str:
    """A text of sections.toml with its placeholders filled."""
    return text.format(
        market=edition.market["market_name"],
        edition=edition.name,
        year_label=year_label(edition),
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


def _shown(number: int, figure: Figure, edition: Edition, picture: Picture | None) -> Shown:
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
    cells = [[_cell(figure, edition, table, c, r) for c in columns] for r in rows]
    svgs = {}
    if picture:
        svgs = {w: Markup(picture.svg(w, f"{figure.id}-{w}")) for w in picture.drawings}
    built = {m.table: m.sql for m in models()}.get(f"report.{figure.table}", "")
    missing = edition.availability.get(figure.name)
    is_withheld = any(p.symbol == "c" for p in this_year(points(figure, edition), edition))
    return Shown(
        number,
        figure,
        sentences.title(figure, edition),
        _text(figure.unit, edition),
        picture,
        svgs,
        missing,
        is_withheld,
        head,
        cells,
        queries.query(figure, edition, names),
        built,
    )


def _cell(
    figure: Figure, edition: Edition, table: Table, column: Column, row: dict[str, Any]
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
    text = words.cell(row[column.name], column.unit or row.get("unit"), symbol)
    if column.name == figure.label and text == row[column.name]:
        text = label_of(figure, row)
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
        unit="",
        columns=[],
        where=tile.get("where", {}),
        figure=tile.get("figure", ""),
        label=tile.get("label", ""),
        key=tile.get("key", ""),
    )


def _comparison(on_page: list[Figure], edition: Edition) -> list[dict[str, str]]:
    """A row per tile and per figure by year: last year, this year, the difference."""
    tiles = [_of_tile(t) for t in layout()["tile"] if t["table"] in edition.tables]
    told = {(f.table, f.measure) for f in tiles}
    years = [f for f in on_page if f.kind == "years" and (f.table, f.measure) not in told]
    more = [f for r in layout()["row"] if (f := named(r["id"], edition))]
    rows = [_compared(f, edition) for f in (*years, *more)]
    *first, last = (_compared(f, edition) for f in tiles)  # unavailable figures come last
    return [*first, *(r for r in rows if {r["old"], r["new"]} - {"", "[x]"}), last]


def _compared(figure: Figure, edition: Edition) -> dict[str, str]:
    found = points(figure, edition)
    now = this_year(found, edition)
    point = next(iter(classes(now) if figure.key else now), None)
    unit = unit_of(figure, edition)
    old = next(
        (p for p in found if point and p.key == point.key and p.year == point.year - 1), None
    )
    before = a_year_before(point, found) if point else None
    return {
        "title": words.capital(
            noun(figure, edition).format(leader=point.label if point else "Largest")
        ),
        "old": _told(old, unit) if old else "",
        "new": _told(point, unit) or "[x]" if point else "[x]",
        "flag": "" if point is None or point.value is None else point.symbol or "",
        "change": change(point, before, unit) if point and before else "",
    }


def _told(point: Point, unit: str | None) -> str:
    if point.value is None:
        return words.cell(None, unit, point.symbol)
    return shown(point, unit)


def _definitions(on_page: list[Figure], edition: Edition) -> list[dict[str, str]]:
    """The meaning of each table on the page, as its model states it."""
    found = {m.name: m for m in models() if m.schema == "report"}
    names = list(dict.fromkeys(f.table for f in on_page))
    parts = ("numerator", "denominator", "decided", "pitfalls")
    return [
        {
            "table": name,
            "doc": found[name].doc,
            **{k: str(found[name].about.get(k, "")) for k in parts},
        }
        for name in names
        if name in found
    ]


def _data_link(name: str, content: bytes) -> Markup:
    kind = KINDS[name.rpartition(".")[2]]
    return Markup(f"data:{kind};base64,{base64.b64encode(content).decode()}")


def _size(length: int) -> str:
    return f"{words.number(max(1, (length + 500) // 1000))} KB"
