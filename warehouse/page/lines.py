"""Figures drawn as lines: the months of two years."""

from datetime import date
from typing import Any

import altair as alt

from warehouse.page import theme, words
from warehouse.page.edition import Edition
from warehouse.page.series import Figure, Point, points, unit_of

LABEL = 17  # height of a label at the end of a line, in pixels
Rows = list[dict[str, Any]]


def months(figure: Figure, edition: Edition, width: int) -> tuple[Any, str] | None:
    """The months of this year and of the year before; a month without a figure is a gap."""
    unit = unit_of(figure, edition)
    last = edition.editions[-2] if len(edition.editions) > 1 else ""
    starts = edition.period_from.month
    shown = [p for p in points(figure, edition) if p.edition in (last, edition.name)]
    digits = words.decimals((p.value for p in shown), unit)
    rows = _by_month(shown, starts, unit, digits)
    order = [f"{date(2000, (starts - 1 + i) % 12 + 1, 1):%b}" for i in range(12)]
    colours = alt.Scale(domain=[last, edition.name], range=[theme.GREY, theme.GREEN])
    room = theme.room([edition.name], 12) + 14
    plot = width - room - 52
    label = "datum.label" if width > 400 else "slice(datum.label, 0, 1)"
    scale = alt.Scale(domain=order, type="point", padding=0.3)
    x = alt.X("month:N", sort=order, title=None, scale=scale, axis=_axis(width, labelExpr=label))
    top = max((r["value"] for r in rows), default=0)
    numbers = ".0%" if words.is_share(unit) else ",.1f" if top < 10 else ",.0f"
    y = _height(tickCount=4, domain=False, ticks=False, format=numbers)
    marks = {"x": x, "y": y, "color": alt.Color("edition:N", legend=None, scale=colours)}
    segments = [
        {
            "edition": a["edition"],
            "month": a["month"],
            "value": a["value"],
            "month2": b["month"],
            "value2": b["value"],
            "provisional": b["provisional"],
        }
        for a in rows
        for b in rows
        if a["edition"] == b["edition"] and b["place"] - a["place"] == 1
    ]
    drawn = [_segments(segments, x2=alt.X2("month2:N"), **marks)] if segments else []
    dots = alt.Chart(theme.data(rows)).mark_point(
        aria=True, size=30, strokeWidth=2, filled=False, opacity=1
    )
    ends = _ends(rows, (last, edition.name), top)
    layers = [*drawn, dots.encode(**marks, description=theme.hover()), _labels(ends, marks)]
    in_order = sorted(rows, key=lambda r: r["place"])
    told = "; ".join(
        f"{name} {of_it}"
        for name in (edition.name, last)
        if (of_it := _told(in_order, unit, digits, edition=name))
    )
    chart = alt.layer(*layers, width=plot, height=theme.tall(width))
    return chart, f"Lines of two years. {figure.unit}: {told}."


def _by_month(shown: list[Point], starts: int, unit: str | None, digits: int) -> Rows:
    """A row per month with a figure; its place counts from month `starts`."""
    return [
        {
            "place": (p.on.month - starts) % 12,
            "month": f"{p.on:%b}",
            "hover": f"{p.on:%B %Y}: {words.measure(p.value, unit, digits)}",
            "edition": p.edition,
            "value": p.value,
            "provisional": p.symbol == "p",
        }
        for p in shown
        if p.on and p.value is not None
    ]


def _axis(width: int, **more: Any) -> Any:
    size = 12 if width > 400 else 10
    return alt.Axis(labelAngle=0, ticks=False, labelPadding=6, labelFontSize=size, **more)


def _height(**axis: Any) -> Any:
    return alt.Y("value:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(**axis))


def _segments(rows: Rows, **marks: Any) -> Any:
    """Lines from each point to the next; dashed if the next is provisional."""
    dash = alt.condition("datum.provisional", alt.value([5, 4]), alt.value([1, 0]))
    lines = alt.Chart(theme.data(rows)).mark_rule(strokeWidth=2.5)
    return lines.encode(y2=alt.Y2("value2:Q"), strokeDash=dash, **marks)


def _labels(rows: Rows, marks: dict[str, Any]) -> Any:
    text = alt.Chart(theme.data(rows)).mark_text(align="left", dx=10, fontWeight=600, fontSize=12)
    return text.encode(**marks, text=alt.Text("text:N"))


def _ends(rows: Rows, names: tuple[str, str], top: float) -> Rows:
    """A label at the last month of each year, without overlap."""
    found = []
    for name in names:
        own = [r for r in rows if r["edition"] == name]
        if own:
            found.append({**max(own, key=lambda r: r["place"]), "text": name})
    found.sort(key=lambda r: -r["value"])
    for end, place in zip(found, _apart([e["value"] for e in found], top), strict=True):
        end["value"] = place
    return found


def _apart(values: list[float], top: float) -> list[float]:
    """Places without overlap for labels of values in falling order; the first is at most `top`."""
    places: list[float] = []
    for value in reversed(values):
        places.insert(
            0, max(value, places[0] + LABEL * top / theme.HEIGHT_NARROW) if places else value
        )
    return places


def _told(rows: Rows, unit: str | None, digits: int, edition: str) -> str:
    """The values of one line as text."""
    own = (r for r in rows if r["edition"] == edition)
    return ", ".join(f"{r['month']} {words.measure(r['value'], unit, digits)}" for r in own)
