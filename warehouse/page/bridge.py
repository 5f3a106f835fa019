"""The bridge: from the paid sellers of a year ago to those of today, step by step."""

from dataclasses import dataclass
from typing import Any

import altair as alt

from warehouse.page import theme, words
from warehouse.page.edition import Edition
from warehouse.page.series import Figure


@dataclass(frozen=True)
class Steps:
    """Paid sellers at the start of a year, and those who left, joined or came back in it.

    `returned` is net of new sellers that left again before the year's end: it can be negative.
    """

    start: int
    left: int
    new: int
    returned: int

    @property
    def end(self) -> int:
        return self.start - self.left + self.new + self.returned


def steps(figure: Figure, edition: Edition) -> Steps | None:
    """The year's steps; None if one of them is not shown.

    A check of the build holds their sum to the paid sellers at the end.
    """
    row = next(iter(edition.tables[figure.table].of(edition.name)), {})
    names = ("sellers_at_start", "churned_sellers", "new_sellers", "returned_sellers")
    found = [row.get(n) for n in names]
    return None if None in found else Steps(*(int(n or 0) for n in found))


def title(figure: Figure, edition: Edition) -> str:
    """`Of 482 paid sellers 72 left; 204 joined and a net 6 came back: 620 on 30 June 2022`."""
    found = steps(figure, edition)
    if found is None:
        return f"{figure.noun} from year to year"
    start, left, new, end = map(words.number, (found.start, found.left, found.new, found.end))
    net = words.number(abs(found.returned))
    back = f" and a net {net} came back" if found.returned > 0 else f", a net {net} left again"
    back = back if found.returned else ""
    day = words.day(edition.tables[figure.table].of(edition.name)[0]["as_of"])
    return f"Of {start} paid sellers {left} left; {new} joined{back}: {end} on {day}"


def drawn(figure: Figure, edition: Edition, width: int) -> tuple[Any, str] | None:
    """Columns for both years, and floating ones for the steps between them."""
    found = steps(figure, edition)
    if found is None:
        return None
    stays, joined = found.start - found.left, found.start - found.left + found.new
    row = edition.tables[figure.table].of(edition.name)[0]
    is_open = edition.symbol(row, "new_sellers_symbol") == "p"
    end = theme.HATCH if is_open else theme.GREEN
    last, this = f"{edition.name[:2]}{edition.year - 1}", edition.name
    net = f"{found.returned:+,}".replace("-", words.MINUS)
    rows = [
        _row(last, 0, found.start, words.number(found.start), theme.GREY),
        _row("left", found.start, stays, f"{words.MINUS}{words.number(found.left)}", theme.AMBER),
        _row("new", stays, joined, f"+{words.number(found.new)}", theme.BLUE),
        _row("returned", joined, found.end, net, theme.PURPLE),
        _row(this, 0, found.end, words.number(found.end), end),
    ]
    order = [r["step"] for r in rows]
    axis = alt.Axis(labelAngle=0, ticks=False, labelPadding=6, domainColor=theme.MUTED)
    x = alt.X("step:N", sort=order, title=None, axis=axis)
    y = alt.Y("from:Q", axis=None, scale=alt.Scale(zero=True))
    base = alt.Chart(theme.data(rows)).encode(x=x)
    size = int(width / len(rows) * 0.6)
    bars = base.mark_bar(aria=True, size=size).encode(
        y=y, y2=alt.Y2("to:Q"), color=alt.Color("colour:N", scale=None), description=theme.hover()
    )
    text = base.mark_text(dy=-9, fontWeight=600, fontSize=13 if width > 400 else 11)
    layers = [bars, text.encode(y=alt.Y("top:Q", axis=None), text=alt.Text("text:N"))]
    told = ", ".join(f"{r['step']} {r['text']}" for r in rows)
    chart = alt.layer(*layers, width=width, height=theme.tall(width))
    return chart, f"Columns that lead from one year to the next. {figure.unit}: {told}."


def _row(step: str, start: int, end: int, text: str, colour: str) -> dict[str, Any]:
    return {
        "step": step,
        "from": start,
        "to": end,
        "top": max(start, end),
        "text": text,
        "colour": colour,
        "hover": f"{step}: {text}",
    }
