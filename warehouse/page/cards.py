"""The card behind each headline tile: what the figure rests on, and answers to likely questions."""

import re
from dataclasses import dataclass
from typing import Any

from warehouse.models import models
from warehouse.page import causes, queries, sentences, words
from warehouse.page.edition import Edition, Row, Table
from warehouse.page.series import Figure, Point, named, shown, unit_of

# In an answer: {table.column}, {row.column} of the tile's own row, {table.column|key=value} of one
# row of a table; the value @ is the class that the tile is about. {watched.listings} is the first
# night on which listings were seen.
COMPUTED = re.compile(r"\{(\w+)\.(\w+)(?:\|(\w+)=([\w@]+))?\}")
NOT_HELD = "This edition’s file does not say, or rests on too few cases to say it as a per cent."


@dataclass(frozen=True)
class Card:
    """What the template shows behind a tile."""

    terms: list[tuple[str, str]]
    query: str
    answers: list[tuple[str, str]]


def card(tile: dict[str, Any], figure: Figure, point: Point | None, edition: Edition) -> Card:
    """The card of a tile; `point` is the tile's figure, None if it is not shown."""
    table = edition.tables[figure.table]
    key = point.key if point else ""
    row = _row(table, edition, {**figure.where, **({figure.key: key} if figure.key else {})})
    names = [figure.measure, *queries.parts(figure, table), table.symbol_of(figure.measure)]
    what = ", ".join(["as_of", *(n for n in dict.fromkeys(names) if table.column(n))])
    return Card(
        _terms(tile, figure, point, row, edition),
        queries.values(figure, what, [edition.name], key),
        [(a["question"], answer(a["answer"], row, key, edition)) for a in tile["ask"]],
    )


def _terms(
    tile: dict[str, Any], figure: Figure, point: Point | None, row: Row, edition: Edition
) -> list[tuple[str, str]]:
    about = _about(figure)
    if point is None:
        missing = edition.availability.get(figure.name, "")
        why = tile.get("why") or words.capital(missing) or "A small cell."
        return [("Value", "not shown"), ("Why", why)]
    unit = unit_of(figure, edition)
    counted = "" if point.numerator is None else f"{words.number(point.numerator)}: "
    whole = "" if point.denominator is None else f"{words.number(point.denominator)}: "
    coverage = row.get(f"{figure.measure}_coverage", row.get("coverage"))
    told = named(tile["shows"], edition) if "shows" in tile else None
    changed = list(sentences.main_points([told], edition)) if told else []
    if "causes" in tile:
        changed.append(causes.sentence(tile["causes"], figure, point, edition))
    return [
        ("Value", shown(point, unit)),
        ("Numerator", f"{counted}{about['numerator']}"),
        ("Denominator", f"{whole}{about['denominator']}"),
        ("Coverage", "not stated" if coverage is None else words.percent(coverage)),
        ("Nights behind it", _nights(point)),
        ("As of", words.day(point.as_of)),
        (
            "What changed",
            " ".join(filter(None, changed)) or "No figure of a year before can be compared.",
        ),
    ]


def _about(figure: Figure) -> dict[str, Any]:
    """How the models define the figure: a headline figure by itself, others with their table."""
    found = {m.name: m.about for m in models() if m.schema == "report"}
    headline = found["headline"]
    if figure.name in headline["figure"]:
        return {**headline, **headline["figure"][figure.name]}
    return found[figure.table]


def _nights(point: Point) -> str:
    """The nights that the figure rests on: all of a flow, the last one of a stock."""
    if point.days is None or point.of_days is None:
        return f"One: the last good night of the year, {words.day(point.as_of)}."
    return (
        f"Those that cover {words.number(point.days)} of the {words.number(point.of_days)} days "
        "of the year."
    )


def answer(text: str, row: Row, key: str, edition: Edition) -> str:
    """An answer with its figures; one that the file does not hold says so."""
    missing = []

    def held(match: re.Match[str]) -> str:
        name, column, by, value = match.groups()
        of = edition.tables.get(name)
        where = {by: key if value == "@" else value} if by else {}
        found = row if name == "row" else _row(of, edition, where) if of else {}
        said = _cell(column, found)
        if name == "watched" and (since := edition.watched_since.get(column)):
            said = words.day(since)
        missing.extend([column] if said is None else [])
        return said or ""

    text = COMPUTED.sub(held, text)
    return NOT_HELD if missing else text


def _row(table: Table, edition: Edition, where: Row) -> Row:
    """The only row of this edition that fits, with the units of its columns."""
    rows = [r for r in table.of(edition.name) if all(r.get(k) == v for k, v in where.items())]
    units = {c.name: c.unit for c in table.columns}
    return {**rows[0], "units": units} if len(rows) == 1 else {}


def _cell(column: str, row: Row) -> str | None:
    value = row.get(column)
    if value is None:
        return None
    unit = row["units"][column]
    own = f"{column}_denominator"
    of = row.get(own, row.get("denominator"))
    if words.is_share(unit) and of is not None and of < words.SMALL_BASE:
        is_own = own in row or column == "share"
        part = row.get(f"{column}_numerator", row.get("numerator"))
        return (
            f"{words.number(part)} of {words.number(of)}" if is_own and part is not None else None
        )
    return words.cell(value, unit)
