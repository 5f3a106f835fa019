"""All measures in one table: five years as a spark line, last year, this year and the change."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from warehouse.page import theme, words
from warehouse.page.edition import Edition
from warehouse.page.series import (
    Figure,
    Point,
    a_year_before,
    change,
    classes,
    noun,
    points,
    shown,
    this_year,
    unbroken,
    unit_of,
)

YEARS = 5
WIDTH, HEIGHT, MARGIN = 92, 22, 3  # of a spark line, in pixels


@dataclass(frozen=True)
class Measure:
    """A row: this year's figure, the one before it, and the years as a line."""

    title: str
    old: str
    new: str
    flag: str
    change: str
    spark: Markup


def of(figure: Figure, edition: Edition) -> Measure:
    """The row of a figure. One with classes is that of the largest class, and one by month that of
    the year's last month and of the same month of earlier years."""
    found = points(figure, edition)
    unit = unit_of(figure, edition)
    point = _told_of(figure, found, edition)
    line = _line(point, found) if point else []
    before = next((p for p in line if point and p.year == point.year - 1), None)
    digits = words.decimals([p.value for p in (before, point) if p], unit)
    is_alike = before is not None and point is not None and a_year_before(point, [before])
    return Measure(
        title=_title(figure, point, edition),
        old=_cell(before, unit, digits) if before else "",
        new=_cell(point, unit, digits) or "[x]" if point else "[x]",
        flag="" if point is None or point.value is None else point.symbol or "",
        change=change(point, before, unit) if point and before and is_alike else "",
        spark=_spark(line, unit, edition),
    )


def _told_of(figure: Figure, found: list[Point], edition: Edition) -> Point | None:
    now = this_year(found, edition)
    if figure.month:
        shown = [p for p in now if p.value is not None]
        return max(shown or now, key=lambda p: str(p.on), default=None)
    if not figure.key:
        return next(iter(now), None)
    return next(iter(classes(now)), next((p for p in now if p.symbol), None))


def _line(point: Point, found: Iterable[Point]) -> list[Point]:
    """The same class, and the same month, in each year up to this one."""
    same = [
        p
        for p in found
        if p.key == point.key
        and (p.on and p.on.month) == (point.on and point.on.month)
        and point.year - YEARS < p.year <= point.year
    ]
    return sorted(same, key=lambda p: p.year)


def _title(figure: Figure, point: Point | None, edition: Edition) -> str:
    text = figure.row or noun(figure, edition)
    leader = point.label if point and point.value is not None else "the largest"
    month = f"{point.on:%B}" if point and point.on else "the last month"
    return words.capital(text.format(leader=leader, month=month))


def _cell(point: Point, unit: str | None, digits: int) -> str:
    if point.value is None:
        return words.cell(None, unit, point.symbol)
    return shown(point, unit, digits)


def _spark(line: list[Point], unit: str | None, edition: Edition) -> Markup:
    """An inline line of the years, from the row's own lowest to its highest figure.

    A year without a figure breaks it; the last point is open if it is provisional.
    """
    dots = [p for p in line if p.value is not None]
    if len(dots) < 2:
        return Markup("")
    low, high = min(p.value or 0 for p in dots), max(p.value or 0 for p in dots)
    step = (WIDTH - 2 * MARGIN) / (YEARS - 1)
    first = edition.year - YEARS + 1

    def at(point: Point) -> tuple[float, float]:
        part = ((point.value or 0) - low) / (high - low) if high > low else 0.5
        y = HEIGHT - MARGIN - part * (HEIGHT - 2 * MARGIN)
        return MARGIN + (point.year - first) * step, y

    path, last = "", None
    for point in dots:
        x, y = at(point)
        path += f"{'L' if last == point.year - 1 else 'M'}{x:.1f} {y:.1f}"
        last = point.year
    x, y = at(dots[-1])
    fill = "white" if dots[-1].symbol == "p" else theme.GREEN
    return Markup(
        f'<svg class="spark" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{_in_words(dots, unit)}"><path d="{path}" fill="none" '
        f'stroke="{theme.GREEN}" stroke-width="1.8"/><circle cx="{x:.1f}" cy="{y:.1f}" '
        f'r="2.6" fill="{fill}" stroke="{theme.GREEN}" stroke-width="1.4"/></svg>'
    )


def _in_words(dots: list[Point], unit: str | None) -> str:
    """`rose every year, from 225 in FY2018 to 620 in FY2022`, for those who cannot see the line.

    Years that cannot be compared neither rise nor fall.
    """
    steps = [(b.value or 0) - (a.value or 0) for a, b in zip(dots, dots[1:], strict=False)]
    way = ""
    if len(unbroken(dots)) == len(dots):
        rises, falls = all(s > 0 for s in steps), all(s < 0 for s in steps)
        way = "rose every year, " if rises else "fell every year, " if falls else ""
    first, last = dots[0], dots[-1]
    digits = words.decimals((first.value, last.value), unit)
    ends = [f"{shown(p, unit, digits)} in {p.edition}" for p in (first, last)]
    return f"{way}from {ends[0]} to {ends[1]}"


def compared(tiles: list[Figure], rows: list[Figure], edition: Edition) -> list[Measure]:
    """This year and last: a row per tile, then others that have a figure; what nobody knows comes
    last."""
    *first, last = (of(figure, edition) for figure in tiles)
    more = [m for f in rows if {(m := of(f, edition)).old, m.new} - {"", "[x]"}]
    return [*first, *more, last]


def groups(
    sections: Iterable[dict[str, Any]], figures: dict[str, list[Figure]], edition: Edition
) -> list[dict[str, Any]]:
    """The rows of each section, in the page's order; a section without rows is left out."""
    made = [
        {**s, "rows": [(f, of(f, edition)) for f in figures[s["id"]] if f.row]} for s in sections
    ]
    return [g for g in made if g["rows"]]
