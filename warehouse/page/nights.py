"""The calendar of nights: a mark for each night of the year, and the rows of each export."""

from datetime import date, timedelta
from typing import Any

import altair as alt

from warehouse.page import theme
from warehouse.page.charts import Picture, pictured
from warehouse.page.edition import Edition, Row

# From best to worst: a night has the worst status of its exports. Shape and colour both show it.
STATUSES = {
    "ok": (theme.GREEN, "square", "■", "every export was delivered and counts"),
    "late": (theme.BLUE, "diamond", "◆", "delivered more than a day late; it counts"),
    "partial": (
        theme.PURPLE,
        "triangle-up",
        "▲",
        "cut at the page cap; missing rows do not count as gone",
    ),
    "held": (theme.AMBER, "triangle-down", "▼", "held by a gate; it does not count"),
    "refused": (theme.AMBER, "cross", "✚", "unreadable; it does not count"),
    "missing": (theme.MUTED, "circle", "●", "nothing was delivered"),
}
WORST_FIRST = list(reversed(STATUSES))
COUNTED = ("rows_in", "rows_accepted", "rows_rejected", "rows_duplicate")


def by_night(nights: tuple[Row, ...]) -> dict[date, str]:
    """Worst status of each night that was due."""
    worst: dict[date, str] = {}
    for night in nights:
        day, status = night["export_date"], night["status"]
        if day not in worst or WORST_FIRST.index(status) < WORST_FIRST.index(worst[day]):
            worst[day] = status
    return worst


def picture(edition: Edition) -> Picture | None:
    """The year as months by days; None if no night was due."""
    worst = by_night(edition.nights)
    if not worst:
        return None
    rows = []
    day = edition.period_from
    while day <= edition.period_to:
        status = worst.get(day, "not due")
        rows.append(
            {"month": f"{day:%b %Y}", "day": day.day, "status": status, "hover": f"{day}: {status}"}
        )
        day += timedelta(days=1)
    drawn = {w: _chart(rows, width) for w, width in theme.WIDTHS.items()}
    counts = {s: list(worst.values()).count(s) for s in STATUSES}
    told = ", ".join(f"{n} {s}" for s, n in counts.items() if n)
    return pictured(drawn, f"Calendar of {len(worst)} nights that were due: {told}.", "")


def _chart(rows: list[dict[str, Any]], width: int) -> Any:
    months = list(dict.fromkeys(r["month"] for r in rows))
    is_narrow = width < 400
    names = 62 if not is_narrow else 54
    plot = width - names
    x = alt.X(
        "day:O",
        title=None,
        axis=alt.Axis(
            labelAngle=0, ticks=False, domain=False, orient="top", values=[1, 5, 10, 15, 20, 25, 31]
        ),
    )
    y = alt.Y(
        "month:N",
        sort=months,
        title=None,
        axis=alt.Axis(ticks=False, domain=False, labelFontSize=11),
    )
    due = [r for r in rows if r["status"] != "not due"]
    rest = [r for r in rows if r["status"] == "not due"]
    colour = alt.Color(
        "status:N",
        legend=None,
        scale=alt.Scale(domain=list(STATUSES), range=[c for c, *_ in STATUSES.values()]),
    )
    shape = alt.Shape(
        "status:N",
        legend=None,
        scale=alt.Scale(domain=list(STATUSES), range=[s for _, s, *_ in STATUSES.values()]),
    )
    size = 90 if not is_narrow else 26
    dots = (
        alt.Chart(theme.data(rest))
        .mark_point(shape="circle", filled=True, size=7, color=theme.LINE, opacity=1)
        .encode(x=x, y=y)
    )
    marks = (
        alt.Chart(theme.data(due))
        .mark_point(aria=True, filled=True, size=size, opacity=1)
        .encode(x=x, y=y, color=colour, shape=shape, description=theme.hover())
    )
    return alt.layer(dots, marks, width=plot, height=160 if is_narrow else 190)


def accounts(edition: Edition) -> list[dict[str, Any]]:
    """Per dataset: nights due and good; rows delivered, accepted and rejected."""
    found: dict[str, dict[str, Any]] = {}
    for night in edition.nights:
        account = found.setdefault(
            night["dataset"],
            {"dataset": night["dataset"], "due": 0, "good": 0, **dict.fromkeys(COUNTED, 0)},
        )
        account["due"] += 1
        account["good"] += bool(night["is_good"])
        for name in COUNTED:
            account[name] += night[name] or 0
    return [found[name] for name in sorted(found)]


def odd_nights(edition: Edition) -> list[Row]:
    """Exports with any status other than ok, oldest first."""
    odd = [n for n in edition.nights if n["status"] != "ok" or not n["is_good"]]
    return sorted(odd, key=lambda n: (n["export_date"], n["dataset"]))
