"""Figures drawn as dots in rows: two shares of a class, quartiles, and shares with their n."""

from typing import Any

import altair as alt

from warehouse.page import theme, words
from warehouse.page.edition import Edition
from warehouse.page.series import (
    Figure,
    Point,
    classes,
    label_of,
    points,
    shown,
    this_year,
    unit_of,
)

TOP = 9
TOP_OF_FEW = 6  # where names stand above the marks
FEWEST = 3  # marks that make a chart
Rows = list[dict[str, Any]]


def pair(figure: Figure, edition: Edition, width: int) -> tuple[Any, str] | None:
    """For each of the largest classes its share and that of `beside`, joined by a line."""
    table, _, column = figure.beside.partition(".")
    if table not in edition.tables:
        return None
    unit = unit_of(figure, edition)
    second = {str(r[figure.key]): r[column] for r in edition.tables[table].of(edition.name)}
    rows: Rows = []
    for point in classes(this_year(points(figure, edition), edition))[: _top(width)]:
        if second.get(point.key) is not None:
            first, next_ = shown(point, unit), words.measure(second[point.key], unit)
            rows.append(
                {
                    "label": point.label,
                    "value": point.value,
                    "other": second[point.key],
                    "text": f"{first} · {next_}",
                    "hover": f"{point.label}, paid sellers: {first}",
                    "hover_other": f"{point.label}, live listings: {next_}",
                }
            )
    if len(rows) < FEWEST:
        return None
    base, y, scale, plot = _rows(rows, [r["other"] for r in rows], width)
    x = alt.X("value:Q", axis=_percents(), scale=scale)
    layers = [
        base.mark_rule(color=theme.LINE, strokeWidth=3).encode(y=y, x=x, x2=alt.X2("other:Q")),
        _dot(base, "circle", theme.GREEN).encode(y=y, x=x, description=theme.hover()),
        _dot(base, "diamond", theme.BLUE).encode(
            y=y, x=alt.X("other:Q", scale=scale), description=theme.hover("hover_other")
        ),
        *_texts(base, y, plot, width),
    ]
    told = "; ".join(f"{r['label']} {r['text']}" for r in rows)
    chart = alt.layer(*layers, width=plot, height=alt.Step(_step(width)))
    return chart, f"Two dots for each class. {figure.unit}: {told}."


def quartiles(figure: Figure, edition: Edition, width: int) -> tuple[Any, str] | None:
    """For each class the median, and a line from the lower to the upper quartile."""
    unit = unit_of(figure, edition)
    rows: Rows = []
    for row in edition.tables[figure.table].of(edition.name):
        is_meant = all(row.get(k) == v for k, v in figure.where.items())
        if not is_meant or row[figure.measure] is None or row[figure.key] in words.UNKNOWN:
            continue
        low, middle, high = (row[c] for c in (figure.low, figure.measure, figure.high))
        n = words.number(row["numerator"])
        rows.append(
            {
                "label": label_of(figure, row),
                "value": middle,
                "low": low,
                "high": high,
                "text": f"{words.measure(middle, unit)}  n {n}",
                "hover": f"{label_of(figure, row)}: {words.measure(low, unit)} to "
                f"{words.measure(high, unit)}, median {words.measure(middle, unit)}, n {n}",
            }
        )
    rows = sorted(rows, key=lambda r: (-r["value"], r["label"]))[: _top(width)]
    if len(rows) < FEWEST:
        return None
    base, y, scale, plot = _rows(rows, [r["high"] or 0 for r in rows], width)
    grid = alt.Axis(title=None, ticks=False, domain=False, tickCount=4, format="$,.0f")
    low_ = alt.X("low:Q", axis=grid, scale=scale)
    layers = [
        base.mark_rule(aria=True, color=theme.GREEN, strokeWidth=5, opacity=0.35).encode(
            y=y, x=low_, x2=alt.X2("high:Q"), description=theme.hover()
        ),
        _dot(base, "circle", theme.GREEN).encode(
            y=y, x=alt.X("value:Q", scale=scale), description=theme.hover()
        ),
        *_texts(base, y, plot, width),
    ]
    told = "; ".join(r["hover"] for r in rows)
    chart = alt.layer(*layers, width=plot, height=alt.Step(_step(width)))
    return chart, f"Medians and quartiles. {figure.unit}: {told}."


def shares(figure: Figure, edition: Edition, width: int) -> tuple[Any, str] | None:
    """A dot for the share of each class, with the number that it is a share of."""
    unit = unit_of(figure, edition)
    found = classes(this_year(points(figure, edition), edition))
    rows: Rows = [
        {
            "label": p.label,
            "value": p.value,
            "text": _of(p, unit),
            "hover": f"{p.label}: {_of(p, unit)}",
        }
        for p in found[: _top(width)]
    ]
    if len(rows) < FEWEST:
        return None
    base, y, scale, plot = _rows(rows, [1.0], width)
    x = alt.X("value:Q", axis=_percents(), scale=scale)
    dots = _dot(base, "circle", theme.GREEN).encode(y=y, x=x, description=theme.hover())
    told = "; ".join(r["hover"] for r in rows)
    layers = [dots, *_texts(base, y, plot, width)]
    chart = alt.layer(*layers, width=plot, height=alt.Step(_step(width)))
    return chart, f"A dot for each class. {figure.unit}: {told}."


def few(figure: Figure, edition: Edition) -> list[tuple[str, str]]:
    """The shown classes in words, where they are too few for a chart."""
    unit = unit_of(figure, edition)
    return [(p.label, _of(p, unit)) for p in classes(this_year(points(figure, edition), edition))]


def _of(point: Point, unit: str | None) -> str:
    text = shown(point, unit)
    is_whole = " of " in text or point.denominator is None
    return text if is_whole else f"{text} of {words.number(point.denominator or 0)}"


def _rows(rows: Rows, ends: list[float], width: int) -> tuple[Any, Any, Any, float]:
    """Base, names, scale and width of the plot, which leaves room for names and values."""
    is_narrow = _is_narrow(width)
    names = 0 if is_narrow else theme.room([r["label"] for r in rows], 13) + 10
    beside = theme.room([r["text"] for r in rows], 12) + 18
    plot = width - names - 10 - (0 if is_narrow else beside)
    top = max([r["value"] or 0 for r in rows] + ends)
    scale = alt.Scale(domain=[0, top], nice=False, zero=True)
    axis = theme.names(names)
    order = [r["label"] for r in rows]
    y = alt.Y("label:N", sort=order, axis=None if is_narrow else axis)
    return alt.Chart(theme.data(rows)), y, scale, plot


def _texts(base: Any, y: Any, plot: float, width: int) -> list[Any]:
    """Values at the right edge; on a phone names and values stand above the marks."""
    if not _is_narrow(width):
        text = base.mark_text(align="left", fontWeight=600)
        return [text.encode(y=y, x=alt.value(plot + 12), text=alt.Text("text:N"))]
    beside = theme.room([r["text"] for r in base.data.values], 12)
    name = base.mark_text(align="left", dy=-13, fontSize=12, limit=plot - beside - 8)
    value = base.mark_text(align="right", dy=-13, fontSize=12, fontWeight=600)
    return [
        name.encode(y=y, x=alt.value(0), text=alt.Text("label:N")),
        value.encode(y=y, x=alt.value(plot), text=alt.Text("text:N")),
    ]


def _is_narrow(width: int) -> bool:
    """Whether names of categories would leave no room beside them."""
    return width < theme.WIDTHS["wide"]


def _top(width: int) -> int:
    return TOP_OF_FEW if _is_narrow(width) else TOP


def _step(width: int) -> int:
    return 37 if _is_narrow(width) else 27


def _percents() -> Any:
    return alt.Axis(title=None, ticks=False, domain=False, tickCount=4, format=".0%")


def _dot(base: Any, shape: str, colour: str) -> Any:
    return base.mark_point(aria=True, shape=shape, filled=True, size=90, color=colour, opacity=1)
