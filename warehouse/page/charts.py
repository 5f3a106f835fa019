"""Charts: one function per kind of figure, from points to an Altair chart and its words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt

from warehouse.page import theme, words
from warehouse.page.edition import Edition
from warehouse.page.series import Figure, Point, a_year_before, classes, points, this_year, unit_of

TOP = 10  # bars in a ranking; the rest stands in the table
LINES = 4
Drawn = tuple[Any, str]  # chart and its alternative text


@dataclass(frozen=True)
class Picture:
    """A drawn figure: specification and drawing (SVG) per width, and what it shows in words."""

    specs: dict[str, dict[str, Any]]
    drawings: dict[str, str]
    alternative: str
    note: str

    def svg(self, width: str, prefix: str) -> str:
        """For a page; `prefix` keeps its ids apart from those of other drawings."""
        return theme.svg(self.drawings[width], prefix, self.alternative)


def pictured(drawn: dict[str, Any], alternative: str, note: str) -> Picture:
    """The picture of a chart that is drawn once for each width."""
    specs = {w: theme.finished(chart, theme.WIDTHS[w]) for w, chart in drawn.items()}
    return Picture(specs, {w: theme.drawing(s) for w, s in specs.items()}, alternative, note)


def picture(figure: Figure, edition: Edition) -> Picture | None:
    """Draws the figure for page and phone; nothing where no value is shown."""
    found = points(figure, edition)
    if not any(p.value is not None for p in found if p.edition == edition.name):
        return None
    draw = KINDS.get(figure.kind)
    if draw is None:
        return None
    made = {w: m for w, width in theme.WIDTHS.items() if (m := draw(figure, edition, width))}
    if len(made) < len(theme.WIDTHS):
        return None
    alternative = made["wide"][1]
    return pictured({w: m[0] for w, m in made.items()}, alternative, _note(figure, edition))


def _years(figure: Figure, edition: Edition, width: int) -> Drawn | None:
    by_edition = {p.edition: p for p in points(figure, edition)}
    unit = unit_of(figure, edition)
    rows = []
    for name in edition.editions:
        point = by_edition.get(name, Point(name, None, None, None))
        mark = point.symbol or ("" if point.value is not None else "no data")
        text = (
            words.measure(point.value, unit)
            if point.value is not None
            else (f"[{mark}]" if len(mark) == 1 else mark)
        )
        rows.append(
            {
                "edition": name,
                "value": point.value or 0,
                "text": text,
                "provisional": point.symbol == "p",
            }
        )
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X(
            "edition:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelAngle=0, ticks=False, labelPadding=6, domainColor=theme.MUTED),
        ),
    )
    height = alt.Y("value:Q", axis=None, scale=alt.Scale(zero=True))
    size = min(64, int(width / len(rows) * 0.62))
    final = base.transform_filter("!datum.provisional").mark_bar(size=size, color=theme.GREEN)
    open_ = base.transform_filter("datum.provisional").mark_bar(
        size=size,
        color=theme.GREEN,
        fillOpacity=0.25,
        stroke=theme.GREEN,
        strokeWidth=1.5,
        strokeDash=[5, 3],
    )
    label = base.mark_text(dy=-9, fontWeight=600, fontSize=13 if width > 400 else 11)
    layers = [final.encode(y=height), open_.encode(y=height), label.encode(y=height, text="text:N")]
    told = "; ".join(f"{r['edition']} {r['text']}" for r in rows)
    height_of = 240 if figure.is_main_point else 170
    chart = alt.layer(*layers).properties(width=width, height=height_of)
    return chart, f"Columns. {figure.unit}: {told}."


def _ranking(figure: Figure, edition: Edition, width: int) -> Drawn | None:
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
                "text": words.measure(point.value or 0, unit),
                "change": words.change(point.value or 0, before.value or 0, unit) if before else "",
            }
        )
    if not rows:
        return None
    is_narrow = width < 400
    names = 0 if is_narrow else theme.room([r["label"] for r in rows], 13) + 10
    beside = 8 + max(46, theme.room([r["text"] for r in rows], 13) + 8)
    room = beside + theme.room([r["change"] for r in rows], 12) + 6
    plot = width - names - 10
    top = max(r["edge"] for r in rows)
    scale = alt.Scale(domain=[0, top * plot / (plot - room)], nice=False)
    base = alt.Chart(alt.Data(values=rows))
    axis = (
        None
        if is_narrow
        else alt.Axis(
            title=None,
            ticks=False,
            domain=False,
            labelColor=theme.INK,
            labelLimit=0,
            labelFontSize=13,
            labelPadding=8,
            minExtent=names,
        )
    )
    y = alt.Y(
        "label:N", sort=None, axis=axis, scale=alt.Scale(paddingInner=0.4 if not is_narrow else 0)
    )
    drop = 9 if is_narrow else 0
    bar = base.mark_bar(size=16, color=theme.GREEN, yOffset=drop).encode(
        y=y, x=alt.X("value:Q", axis=None, scale=scale)
    )
    tick = (
        base.transform_filter("isValid(datum.last)")
        .mark_tick(thickness=3, size=22, color=theme.AMBER, opacity=1, yOffset=drop)
        .encode(y=y, x=alt.X("last:Q", scale=scale))
    )
    value = base.mark_text(align="left", dx=8, dy=drop, fontWeight=600).encode(
        y=y, x=alt.X("edge:Q", scale=scale), text="text:N"
    )
    change = base.mark_text(align="left", dx=beside, dy=drop, color=theme.MUTED).encode(
        y=y, x=alt.X("edge:Q", scale=scale), text="change:N"
    )
    layers = [bar, tick, value, change]
    if is_narrow:
        layers.append(
            base.mark_text(align="left", dy=-10, fontSize=12.5).encode(
                y=y, x=alt.value(0), text="label:N"
            )
        )
    chart = alt.layer(*layers).properties(width=plot, height=alt.Step(40 if is_narrow else 28))
    told = "; ".join(f"{r['label']} {r['text']} {r['change']}".strip() for r in rows)
    return chart, f"Bars. {figure.unit}: {told}."


def _strip(figure: Figure, edition: Edition, width: int) -> Drawn | None:
    shown = classes(this_year(points(figure, edition), edition))
    if not shown:
        return None
    top = shown[0]
    share = top.value or 0
    parts: list[dict[str, Any]] = [
        {"label": f"{top.label} {words.percent(share)}", "from": 0.0, "to": share, "class": "top"},
        {
            "label": f"elsewhere {words.percent(1 - share)}",
            "from": share,
            "to": 1.0,
            "class": "rest",
        },
    ]
    base = alt.Chart(alt.Data(values=parts))
    scale = alt.Scale(domain=[0, 1], nice=False)
    bar = base.mark_bar(height=34, stroke="white", strokeWidth=2).encode(
        x=alt.X("from:Q", axis=None, scale=scale),
        x2="to:Q",
        color=alt.Color(
            "class:N",
            legend=None,
            scale=alt.Scale(domain=["top", "rest"], range=[theme.GREEN, theme.AMBER]),
        ),
    )
    left = (
        base.transform_filter("datum.class == 'top'")
        .mark_text(align="left", dy=-28, fontWeight=600, fontSize=13)
        .encode(x=alt.value(0), text="label:N")
    )
    right = (
        base.transform_filter("datum.class == 'rest'")
        .mark_text(align="right", dy=-28, fontSize=13)
        .encode(x=alt.value(width), text="label:N")
    )
    chart = alt.layer(bar, left, right).properties(width=width, height=76)
    told = f"{parts[0]['label']}, {parts[1]['label']}"
    return chart, f"One bar in two parts. {figure.unit}: {told}."


def _lines(figure: Figure, edition: Edition, width: int) -> Drawn | None:
    found = points(figure, edition)
    unit = unit_of(figure, edition)
    shown = classes(this_year(found, edition))[1 : 1 + LINES]
    if not shown:
        return None
    keys = [p.key for p in shown]
    colours = {k: theme.SERIES[min(i, len(theme.SERIES) - 1)] for i, k in enumerate(keys)}
    rows: list[dict[str, Any]] = [
        {"edition": p.edition, "key": p.key, "value": p.value, "provisional": p.symbol == "p"}
        for p in found
        if p.key in keys and p.value is not None
    ]
    height = 240
    top = max(r["value"] for r in rows)
    ends = _apart([p.value or 0 for p in shown], 17 * top / height)
    labels: list[dict[str, Any]] = [
        {
            "edition": edition.name,
            "key": p.key,
            "value": end,
            "text": f"{p.label} {words.measure(p.value or 0, unit)}",
        }
        for p, end in zip(shown, ends, strict=True)
    ]
    room = theme.room([label["text"] for label in labels], 12) + 14
    plot = width - room - 44
    colour = alt.Color(
        "key:N", legend=None, scale=alt.Scale(domain=keys, range=[colours[k] for k in keys])
    )
    x = alt.X(
        "edition:N",
        sort=edition.editions,
        title=None,
        scale=alt.Scale(domain=edition.editions, type="point", padding=0.25),
        axis=alt.Axis(
            labelAngle=0,
            ticks=False,
            labelOverlap=True,
            labelPadding=6,
            labelFontSize=12 if width > 400 else 10,
        ),
    )
    y = alt.Y(
        "value:Q",
        title=None,
        scale=alt.Scale(zero=True),
        axis=alt.Axis(tickCount=4, domain=False, ticks=False),
    )
    # A year without a figure breaks the line: nothing is drawn across it.
    segments = [
        {
            "key": a["key"],
            "edition": a["edition"],
            "value": a["value"],
            "edition2": b["edition"],
            "value2": b["value"],
            "provisional": b["provisional"],
        }
        for a in rows
        for b in rows
        if a["key"] == b["key"] and int(b["edition"][2:]) - int(a["edition"][2:]) == 1
    ]
    lines = (
        alt.Chart(alt.Data(values=segments))
        .mark_rule(strokeWidth=2.5)
        .encode(
            x=x,
            y=y,
            x2="edition2:N",
            y2="value2:Q",
            color=colour,
            strokeDash=alt.condition("datum.provisional", alt.value([5, 4]), alt.value([1, 0])),
        )
    )
    dots = alt.Chart(alt.Data(values=rows)).mark_point(
        size=46, strokeWidth=2, filled=False, opacity=1
    )
    whole = dots.transform_filter("!datum.provisional").encode(x=x, y=y, color=colour, fill=colour)
    open_ = dots.transform_filter("datum.provisional").encode(x=x, y=y, color=colour)
    text = (
        alt.Chart(alt.Data(values=labels))
        .mark_text(align="left", dx=10, fontWeight=600, fontSize=12)
        .encode(x=x, y=y, text="text:N", color=colour)
    )
    # A transparent letter box: the drawing must be wide enough for the reader's own font.
    edge = (
        alt.Chart(alt.Data(values=[{}]))
        .mark_rect(opacity=0, color=theme.LINE)
        .encode(x=alt.value(plot), x2=alt.value(plot + room - 10), y=alt.value(0), y2=alt.value(1))
    )
    layers = [edge, lines, whole, open_, text] if segments else [edge, whole, open_, text]
    chart = alt.layer(*layers).properties(width=plot, height=height)
    told = "; ".join(
        f"{p.label} "
        + ", ".join(
            f"{r['edition']} {words.measure(r['value'], unit)}" for r in rows if r["key"] == p.key
        )
        for p in shown
    )
    return chart, f"Lines. {figure.unit}: {told}."


def _months(figure: Figure, edition: Edition, width: int) -> Drawn | None:
    """The months of this year over those of the year before; a month without a figure is a gap."""
    unit = unit_of(figure, edition)
    last = edition.editions[-2] if len(edition.editions) > 1 else ""
    starts = edition.period_from.month
    rows: list[dict[str, Any]] = [
        {
            "place": (p.on.month - starts) % 12,
            "month": f"{p.on:%b}",
            "edition": p.edition,
            "value": p.value,
            "provisional": p.symbol == "p",
        }
        for p in points(figure, edition)
        if p.on and p.value is not None and p.edition in (last, edition.name)
    ]
    order = [f"{date(2000, (starts - 1 + i) % 12 + 1, 1):%b}" for i in range(12)]
    colours = alt.Color(
        "edition:N",
        legend=None,
        scale=alt.Scale(domain=[last, edition.name], range=[theme.MUTED, theme.GREEN]),
    )
    room = theme.room([edition.name], 12) + 14
    plot = width - room - 52
    x = alt.X(
        "month:N",
        sort=order,
        title=None,
        scale=alt.Scale(domain=order, type="point", padding=0.3),
        axis=alt.Axis(
            labelAngle=0,
            ticks=False,
            labelPadding=6,
            labelFontSize=12 if width > 400 else 10,
            labelExpr="datum.label" if width > 400 else "slice(datum.label, 0, 1)",
        ),
    )
    top = max((r["value"] for r in rows), default=0)
    y = alt.Y(
        "value:Q",
        title=None,
        scale=alt.Scale(zero=True),
        axis=alt.Axis(
            tickCount=4,
            domain=False,
            ticks=False,
            format=".0%" if words.is_share(unit) else ",.1f" if top < 10 else ",.0f",
        ),
    )
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
    lines = (
        alt.Chart(alt.Data(values=segments))
        .mark_rule(strokeWidth=2.5)
        .encode(
            x=x,
            y=y,
            x2="month2:N",
            y2="value2:Q",
            color=colours,
            strokeDash=alt.condition("datum.provisional", alt.value([5, 4]), alt.value([1, 0])),
        )
    )
    dots = (
        alt.Chart(alt.Data(values=rows))
        .mark_point(size=30, strokeWidth=2, filled=False, opacity=1)
        .encode(x=x, y=y, color=colours)
    )
    ends = []
    for name in (last, edition.name):
        own = [r for r in rows if r["edition"] == name]
        if own:
            ends.append({**max(own, key=lambda r: r["place"]), "text": name})
    ends.sort(key=lambda r: -r["value"])
    gap = 17 * top / 240
    for end, place in zip(ends, _apart([e["value"] for e in ends], gap), strict=True):
        end["value"] = place
    text = (
        alt.Chart(alt.Data(values=ends))
        .mark_text(align="left", dx=10, fontWeight=600, fontSize=12)
        .encode(x=x, y=y, text="text:N", color=colours)
    )
    layers = [lines, dots, text] if segments else [dots, text]
    told = "; ".join(
        f"{name} "
        + ", ".join(
            f"{r['month']} {words.measure(r['value'], unit)}"
            for r in sorted(rows, key=lambda r: r["place"])
            if r["edition"] == name
        )
        for name in (edition.name, last)
        if any(r["edition"] == name for r in rows)
    )
    chart = alt.layer(*layers).properties(width=plot, height=240)
    return chart, f"Lines of two years. {figure.unit}: {told}."


def _apart(values: list[float], gap: float) -> list[float]:
    """Places for labels of values in falling order, none nearer to the next than `gap`."""
    places: list[float] = []
    for value in reversed(values):
        places.insert(0, max(value, places[0] + gap) if places else value)
    return places


def _note(figure: Figure, edition: Edition) -> str:
    """What the drawing leaves out, and how to read its marks."""
    found = points(figure, edition)
    now = this_year(found, edition)
    parts = []
    withheld = [p.label for p in now if p.symbol == "c" and p.key not in words.UNKNOWN]
    if figure.kind == "years":
        before = [p for p in found if p.edition != edition.name]
        if any(p.symbol == "p" for p in now):
            parts.append("Dashed: provisional.")
        if any(p.value is None for p in before) or len(found) < len(edition.editions):
            parts.append("A year without a column has no figure; it is not 0.")
        parts += [
            f"{p.edition}: deliveries cover {p.days} of {p.of_days} days."
            for p in found
            if p.value is not None and p.is_short
        ]
    elif figure.kind == "ranking":
        shown = classes(now)
        if any(a_year_before(p, found) for p in shown[:TOP]):
            parts.append("Orange mark: the year before.")
        if len(shown) > TOP:
            parts.append(f"The {TOP} largest; all stand in the table.")
    elif figure.kind == "months":
        if any(p.symbol == "p" for p in now):
            parts.append("Dashed: provisional.")
        if sum(p.value is not None for p in now) < 12:
            parts.append(
                "A month without a mark is withheld, or not known for all its days; it is not 0."
            )
    elif figure.kind == "lines":
        drawn = {p.key for p in classes(now)[1 : 1 + LINES]}
        if any(p.value is None and p.key in drawn for p in found):
            parts.append("A break in a line: withheld or not available.")
        if any(p.symbol == "p" for p in now):
            parts.append("Dashed line and open circle: provisional.")
        if len(classes(now)) > LINES + 1:
            parts.append(f"The {LINES} next largest; all stand in the table.")
    if any(withheld):
        parts.append(f"Withheld [c]: {words.listed(sorted(withheld))}.")
    unknown = next((p for p in now if p.key == "unknown" and p.numerator), None)
    if unknown and figure.kind != "lines":
        parts.append(
            f"Not known: {words.number(unknown.numerator or 0)} of "
            f"{words.number(unknown.denominator or 0)}."
        )
    return " ".join(parts)


KINDS: dict[str, Callable[[Figure, Edition, int], Drawn | None]] = {
    "years": _years,
    "ranking": _ranking,
    "strip": _strip,
    "lines": _lines,
    "months": _months,
}
