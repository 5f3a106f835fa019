"""Figures drawn as bars: columns by year, a ranking, one bar in two parts."""

from dataclasses import replace
from decimal import Decimal
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

TOP = 10  # bars in a ranking; the rest is in the table


def years(figure: Figure, edition: Edition, width: int) -> tuple[Any, str] | None:
    """A column for each year up to this one; a provisional one is dashed."""
    by_edition = {p.edition: p for p in points(figure, edition)}
    unit = unit_of(figure, edition)
    rows = [
        _column(by_edition.get(name, Point(name, None, None, None)), unit)
        for name in edition.editions
    ]
    axis = alt.Axis(labelAngle=0, ticks=False, labelPadding=6, domainColor=theme.MUTED)
    x = alt.X("edition:N", sort=None, title=None, axis=axis)
    height = alt.Y("value:Q", axis=None, scale=alt.Scale(zero=True))
    base = alt.Chart(theme.data(rows)).encode(x=x)
    size = min(64, int(width / len(rows) * 0.62))
    final = base.transform_filter("!datum.provisional").mark_bar(
        aria=True, size=size, color=theme.GREEN
    )
    open_ = base.transform_filter("datum.provisional").mark_bar(
        aria=True,
        size=size,
        color=theme.GREEN,
        fillOpacity=0.25,
        stroke=theme.GREEN,
        strokeWidth=1.5,
        strokeDash=[5, 3],
    )
    label = base.mark_text(dy=-9, fontWeight=600, fontSize=13 if width > 400 else 11)
    hover = theme.hover()
    bars = [mark.encode(y=height, description=hover) for mark in (final, open_)]
    layers = [*bars, label.encode(y=height, text=alt.Text("text:N"))]
    told = "; ".join(f"{r['edition']} {r['text']}" for r in rows)
    height_of = 240 if figure.is_main_point else 170
    chart = alt.layer(*layers, width=width, height=height_of)
    return chart, f"Columns. {figure.unit}: {told}."


def _column(point: Point, unit: str | None) -> dict[str, Any]:
    """One year of `years`: its value, else its symbol."""
    if point.value is not None:
        text = shown(point, unit)
    else:
        text = f"[{point.symbol}]" if point.symbol else "no data"
    return {
        "edition": point.edition,
        "value": point.value or 0,
        "text": text,
        "hover": f"{point.edition}: {text}",
        "provisional": point.symbol == "p",
    }


def ranking(figure: Figure, edition: Edition, width: int) -> tuple[Any, str] | None:
    """A bar for each of the largest classes, with a mark for the year before."""
    rows = _ranked(figure, edition)
    if not rows:
        return None
    is_narrow = width < 400
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
        aria=True, thickness=3, size=22, color=theme.AMBER, opacity=1, yOffset=drop
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
    axis = alt.Axis(
        title=None,
        ticks=False,
        domain=False,
        labelColor=theme.INK,
        labelLimit=0,
        labelFontSize=13,
        labelPadding=8,
        minExtent=room,
    )
    return alt.Y("label:N", sort=None, axis=axis, scale=alt.Scale(paddingInner=0.4))


def strip(figure: Figure, edition: Edition, width: int) -> tuple[Any, str] | None:
    """One bar: the largest class and all others."""
    top = next(iter(classes(this_year(points(figure, edition), edition))), None)
    if top is None:
        return None
    share, all_ = top.value or 0, top.denominator or 0
    left = float(1 - Decimal(repr(share)))
    others = replace(top, value=left, numerator=all_ - (top.numerator or 0))
    unit = unit_of(figure, edition)
    first = f"{top.label} {shown(top, unit)}"
    rest = f"elsewhere {shown(others, unit)}"
    parts: list[dict[str, Any]] = [
        {"label": first, "hover": first, "from": 0.0, "to": share, "class": "top"},
        {"label": rest, "hover": rest, "from": share, "to": 1.0, "class": "rest"},
    ]
    base = alt.Chart(theme.data(parts))
    colours = alt.Scale(domain=["top", "rest"], range=[theme.GREEN, theme.AMBER])
    bar = base.mark_bar(aria=True, height=34, stroke="white", strokeWidth=2).encode(
        x=alt.X("from:Q", axis=None, scale=alt.Scale(domain=[0, 1], nice=False)),
        x2=alt.X2("to:Q"),
        color=alt.Color("class:N", legend=None, scale=colours),
        description=theme.hover(),
    )
    left = (
        base.transform_filter("datum.class == 'top'")
        .mark_text(align="left", dy=-28, fontWeight=600, fontSize=13)
        .encode(x=alt.value(0), text=alt.Text("label:N"))
    )
    right = (
        base.transform_filter("datum.class == 'rest'")
        .mark_text(align="right", dy=-28, fontSize=13)
        .encode(x=alt.value(width), text=alt.Text("label:N"))
    )
    chart = alt.layer(bar, left, right, width=width, height=76)
    return chart, f"One bar in two parts. {figure.unit}: {first}, {rest}."
