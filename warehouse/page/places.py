"""The map of cities: dots sized by sellers at the gazetteer's coordinates, without borders."""

from math import cos, radians
from typing import Any

import altair as alt

from warehouse.page import theme, words
from warehouse.page.edition import Edition
from warehouse.page.series import Figure, Point, classes, points, this_year

KM_PER_DEGREE = 111.2  # of latitude
SCALE_BAR = 200  # km
AREA = 1900  # of the largest dot, in square pixels
EDGE = 34  # pixels around the outermost cities
FLATTEST = 0.8  # the map is at most this much higher than wide
LEAST = 1.0  # degrees that the map shows at least
BARS = 9  # beside the map
Box = tuple[float, float, float, float]


def of_cities(figure: Figure, edition: Edition, width: int) -> tuple[Any, str] | None:
    """A dot for each shown city, a hollow mark for each withheld one, and bars of the cities after
    the largest on a scale of their own, which the largest would flatten."""
    now = this_year(points(figure, edition), edition)
    shown = classes(now)
    if not shown:
        return None
    is_narrow = width < 400
    map_width = 220 if is_narrow else 210
    drawn = _map(now, shown, edition, map_width)
    bars = _others(shown[1 : 1 + BARS], shown[0].label, width if is_narrow else 180)
    parts = [p for p in (drawn, bars) if p is not None]
    if not parts:
        return None
    chart = alt.vconcat(*parts, spacing=24) if is_narrow else alt.hconcat(*parts, spacing=10)
    told = ", ".join(f"{p.label} {words.number(p.numerator or 0)}" for p in shown)
    return chart, f"Map with a dot for each city, sized by paid sellers: {told}."


def _map(now: list[Point], shown: list[Point], edition: Edition, width: int) -> Any | None:
    """Longitude shrinks with latitude, so that a kilometre is as long both ways."""
    known = {p.key: edition.places[p.key] for p in now if p.key in edition.places}
    if not known:
        return None
    lats, lons = zip(*known.values(), strict=True)
    middle = cos(radians((min(lats) + max(lats)) / 2))
    across, up = (max(lons) - min(lons)) * middle, max(lats) - min(lats)
    # Per degree of latitude; a market of one city has no extent.
    pixels = (width - 2 * EDGE) / max(across, up * FLATTEST, LEAST)
    height = int(up * pixels) + 2 * EDGE
    spare = ((width - 2 * EDGE) / pixels - across) / 2 + EDGE / pixels
    x = [min(lons) * middle - spare, max(lons) * middle + spare]
    y = [min(lats) - EDGE / pixels, max(lats) + EDGE / pixels]

    def placed(point: Point) -> dict[str, Any]:
        lat, lon = known[point.key]
        count = words.number(point.numerator or 0)
        text = f"{point.label}: {count}" if point.value is not None else f"{point.label}: withheld"
        return {"x": lon * middle, "y": lat, "sellers": point.numerator, "hover": text}

    dots = [placed(p) for p in shown if p.key in known]
    hidden = [placed(p) for p in now if p.symbol == "c" and p.key in known]
    largest = max((d["sellers"] or 0 for d in dots), default=0) or 1
    axes = {
        "x": alt.X("x:Q", axis=None, scale=alt.Scale(domain=x, nice=False, zero=False)),
        "y": alt.Y("y:Q", axis=None, scale=alt.Scale(domain=y, nice=False, zero=False)),
    }
    area = alt.Scale(domain=[0, largest], range=[0, AREA])
    circle = alt.Chart(theme.data(dots)).mark_point(
        aria=True, shape="circle", filled=True, color=theme.GREEN, opacity=0.8, stroke="white"
    )
    hollow = alt.Chart(theme.data(hidden)).mark_point(
        aria=True, shape="circle", filled=False, color=theme.MUTED, size=22, opacity=1
    )
    layers = [
        circle.encode(
            **axes, size=alt.Size("sellers:Q", legend=None, scale=area), description=theme.hover()
        ),
        hollow.encode(**axes, description=theme.hover()),
        *_names([(p, placed(p)) for p in shown if p.key in known], largest, pixels, x, y, axes),
        *_scale_bar(x, y, pixels, axes),
    ]
    return alt.layer(*layers, width=width, height=height)


def _names(
    dots: list[tuple[Point, dict[str, Any]]],
    largest: float,
    pixels: float,
    x: list[float],
    y: list[float],
    axes: dict[str, Any],
) -> list[Any]:
    """Names of as many cities as have room, the largest first."""
    boxes: list[Box] = []
    named = []
    for point, dot in dots:
        radius = ((dot["sellers"] or 0) / largest * AREA / 3.14) ** 0.5 + 4
        across, down = (dot["x"] - x[0]) * pixels, (y[1] - dot["y"]) * pixels
        long = theme.room([point.label], 12)
        sides = {1: (across + radius, across + radius + long)}
        sides[-1] = (across - radius - long, across - radius)
        for side, (left, right) in sides.items():
            box = (left, down - 7, right, down + 7)
            is_free = all(_is_apart(box, other) for other in boxes)
            if is_free and left > 0 and right < (x[1] - x[0]) * pixels:
                boxes.append(box)
                at = dot["x"] + side * radius / pixels
                named.append({**dot, "x": at, "text": point.label, "side": side})
                break
    right, left = (
        alt.Chart(theme.data([n for n in named if n["side"] == side])) for side in (1, -1)
    )
    texts = (right.mark_text(align="left", fontSize=12), left.mark_text(align="right", fontSize=12))
    return [t.encode(**axes, text=alt.Text("text:N")) for t in texts]


def _is_apart(a: Box, b: Box) -> bool:
    return a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]


def _scale_bar(x: list[float], y: list[float], pixels: float, axes: dict[str, Any]) -> list[Any]:
    long = SCALE_BAR / KM_PER_DEGREE
    start, low = x[1] - long - 8 / pixels, y[0] + 14 / pixels
    bar = {"x": start, "end": start + long, "y": low, "text": f"{SCALE_BAR} km"}
    base = alt.Chart(theme.data([bar])).encode(**axes)
    return [
        base.mark_rule(color=theme.MUTED, strokeWidth=2).encode(x2=alt.X2("end:Q")),
        base.mark_text(align="left", dy=-9, fontSize=11, color=theme.MUTED).encode(
            text=alt.Text("text:N")
        ),
    ]


def _others(others: list[Point], largest: str, width: int) -> Any | None:
    """Bars of the next cities. Their scale is not that of the map."""
    if len(others) < 2:
        return None
    rows: list[dict[str, Any]] = [
        {
            "label": p.label,
            "value": p.numerator,
            "text": words.number(p.numerator or 0),
            "hover": f"{p.label}: {words.number(p.numerator or 0)}",
        }
        for p in others
    ]
    names = theme.room([r["label"] for r in rows], 12) + 12
    plot = max(80, width - names - theme.room([r["text"] for r in rows], 12) - 16)
    axis = alt.Axis(
        title=None, ticks=False, domain=False, labelColor=theme.INK, labelLimit=0, labelPadding=8
    )
    base = alt.Chart(
        theme.data(rows),
        title=alt.TitleParams(
            f"Outside {largest}, own scale",
            anchor="start",
            frame="group",
            fontSize=12,
            fontWeight="normal",
            color=theme.MUTED,
        ),
    ).encode(y=alt.Y("label:N", sort=[r["label"] for r in rows], axis=axis))
    x = alt.X("value:Q", axis=None, scale=alt.Scale(zero=True, nice=False))
    bars = base.mark_bar(aria=True, size=14, color=theme.GREEN)
    text = base.mark_text(align="left", dx=6, fontWeight=600)
    layers = [
        bars.encode(x=x, description=theme.hover()),
        text.encode(x=x, text=alt.Text("text:N")),
    ]
    return alt.layer(*layers, width=plot, height=alt.Step(26))
