"""Figures drawn as bars: columns by year, and a ranking."""

from typing import Any

import altair as alt

from warehouse.page import theme
from warehouse.page.edition import Edition
from warehouse.page.series import (
    Figure,
    Point,
    a_year_before,
    change,
    classes,
    points,
    shown,
    this_year,
    unit_of,
)

TOP, TOP_NARROW = 8, 6  # bars in a ranking; the rest is in the table


def years(figure: Figure, edition: Edition, width: int) -> tuple[Any, str] | None:
    """A column for each year up to this one: this year in colour, a provisional one hatched."""
    by_edition = {p.edition: p for p in points(figure, edition)}
    unit = unit_of(figure, edition)
    rows = [
        _column(by_edition.get(name, Point(name, None, None, None)), unit, edition.name)
        for name in edition.editions
    ]
    axis = alt.Axis(labelAngle=0, ticks=False, labelPadding=6, domainColor=theme.MUTED)
    x = alt.X("edition:N", sort=None, title=None, axis=axis)
    height = alt.Y("value:Q", axis=None, scale=alt.Scale(zero=True))
    base = alt.Chart(theme.data(rows)).encode(x=x)
    size = min(64, int(width / len(rows) * 0.62))
    bar = base.mark_bar(aria=True, size=size, stroke=theme.GREEN)
    fill = alt.Color("fill:N", scale=None)
    edge = alt.StrokeWidth("edge:Q", scale=None)
    label = base.mark_text(dy=-9, fontWeight=600, fontSize=13 if width > 400 else 11)
    hover = theme.hover()
    layers = [
        bar.encode(y=height, description=hover, color=fill, strokeWidth=edge),
        label.encode(y=height, text=alt.Text("text:N")),
    ]
    told = "; ".join(f"{r['edition']} {r['text']}" for r in rows)
    chart = alt.layer(*layers, width=width, height=theme.tall(width))
    return chart, f"Columns. {figure.unit}: {told}."


def _column(point: Point, unit: str | None, this: str) -> dict[str, Any]:
    """One year of `years`: its value, else its symbol."""
    if point.value is not None:
        text = shown(point, unit)
    else:
        text = f"[{point.symbol}]" if point.symbol else "no data"
    fill = theme.GREEN if point.edition == this else theme.GREY
    fill = theme.HATCH if point.symbol == "p" else fill
    return {
        "edition": point.edition,
        "value": point.value or 0,
        "text": text,
        "hover": f"{point.edition}: {text}",
        "fill": fill,
        "edge": 1.5 if fill == theme.HATCH else 0,
    }


def ranking(figure: Figure, edition: Edition, width: int) -> tuple[Any, str] | None:
    """A bar for each of the largest classes, with a mark for the year before."""
    is_narrow = width < 400
    rows = _ranked(figure, edition)[: TOP_NARROW if is_narrow else TOP]
    if not rows:
        return None
    names = 0 if is_narrow else theme.room([r["label"] for r in rows], 13) + 10
    beside = 8 + max(46, theme.room([r["text"] for r in rows], 13) + 8)
    room = beside + theme.room([r["change"] for r in rows], 12) + 6
    plot = width - names - 10
    top = max(r["edge"] for r in rows)
    scale = alt.Scale(domain=[0, top * plot / (plot - room)], nice=False)
    y = _names(is_narrow, names)
    edge = alt.X("edge:Q", scale=scale)
    drop = 9 if is_narrow else 0
    base = alt.Chart(theme.data(rows))
    bar = base.mark_bar(aria=True, size=16, color=theme.GREEN, yOffset=drop)
    tick = base.transform_filter("isValid(datum.last)").mark_tick(
        aria=True, thickness=3, size=22, color=theme.GREY, opacity=1, yOffset=drop
    )
    value = base.mark_text(align="left", dx=8, dy=drop, fontWeight=600)
    change = base.mark_text(align="left", dx=beside, dy=drop, color=theme.MUTED)
    layers = [
        bar.encode(y=y, x=alt.X("value:Q", axis=None, scale=scale), description=theme.hover()),
        tick.encode(y=y, x=alt.X("last:Q", scale=scale), description=theme.hover("hover_last")),
        value.encode(y=y, x=edge, text=alt.Text("text:N")),
        change.encode(y=y, x=edge, text=alt.Text("change:N")),
    ]
    if is_narrow:
        name = base.mark_text(align="left", dy=-10, fontSize=12.5)
        layers.append(name.encode(y=y, x=alt.value(0), text=alt.Text("label:N")))
    chart = alt.layer(*layers, width=plot, height=alt.Step(40 if is_narrow else 28))
    told = "; ".join(f"{r['label']} {r['text']} {r['change']}".strip() for r in rows)
    return chart, f"Bars. {figure.unit}: {told}."


def _ranked(figure: Figure, edition: Edition) -> list[dict[str, Any]]:
    """The largest classes, each with the value of the year before; `edge` is the larger of both."""
    found = points(figure, edition)
    unit = unit_of(figure, edition)
    rows: list[dict[str, Any]] = []
    for point in classes(this_year(found, edition))[:TOP]:
        before = a_year_before(point, found)
        rows.append(
            {
                "label": point.label,
                "value": point.value,
                "last": before.value if before else None,
                "edge": max(point.value or 0, (before.value or 0) if before else 0),
                "text": shown(point, unit),
                "hover": f"{point.label}, {point.edition}: {shown(point, unit)}",
                "hover_last": f"{point.label}, {before.edition}: {shown(before, unit)}"
                if before
                else "",
                "change": change(point, before, unit) if before else "",
            }
        )
    return rows


def _names(is_narrow: bool, room: float) -> Any:
    """Names of the classes: next to the bars, or above them on a phone."""
    if is_narrow:
        return alt.Y("label:N", sort=None, axis=None, scale=alt.Scale(paddingInner=0))
    axis = theme.names(room)
    return alt.Y("label:N", sort=None, axis=axis, scale=alt.Scale(paddingInner=0.4))
