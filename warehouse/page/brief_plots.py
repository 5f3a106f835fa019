"""The two small charts of a brief: its years as columns, and its classes against the rest."""

from typing import Any

from markupsafe import Markup, escape

from warehouse.page import theme, words
from warehouse.page.edition import Edition
from warehouse.page.series import Point

WIDTH, COLUMN, HEIGHT = 560, 56, 140
ROW, NAMES = 26, 210  # height of a pair, room for its name
LETTERS = 30  # of a name


def years(line: list[Point], edition: Edition) -> Markup:
    """A column per year, from zero; this year in full colour, hatched while it is provisional."""
    told = sorted((p for p in line if p.value is not None), key=lambda p: p.year)[-6:]
    if len(told) < 3:
        return Markup("")
    top = max(p.value or 0 for p in told)
    parts = []
    for place, point in enumerate(told):
        value = point.value or 0
        height = value / top * (HEIGHT - 40)
        x, y = place * (WIDTH / 6), HEIGHT - 18 - height
        fill = theme.GREEN if point.edition == edition.name else theme.GREY
        if point.symbol == "p":
            fill = theme.HATCH
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{COLUMN}" height="{height:.1f}" fill="{fill}"/>'
            + _text(x + COLUMN / 2, y - 5, words.number(value), "middle", theme.INK)
            + _text(x + COLUMN / 2, HEIGHT - 4, point.edition, "middle", theme.MUTED)
        )
    told_in_words = words.listed([f"{words.number(p.value or 0)} in {p.edition}" for p in told])
    return _svg(HEIGHT, f"Paid sellers: {told_in_words}", theme.STRIPES + "".join(parts))


def pairs(top: list[dict[str, Any]], elsewhere: str) -> Markup:
    """A filled circle for the place and an open one for the rest, on one scale from 0 to 100%."""
    rows = [row for row in top if row["pair"]]
    if len(rows) < 3:
        return Markup("")
    span = WIDTH - NAMES - 36
    parts = []
    for place, row in enumerate(rows):
        y = 14 + place * ROW
        here, rest = (NAMES + 10 + span * share for share in row["pair"])
        name = row["name"]
        short = name if len(name) <= LETTERS else f"{name[: LETTERS - 1].rstrip(' ,&')}…"
        parts.append(
            _text(0, y + 4, short, "start", theme.INK)
            + f'<path d="M{NAMES + 10} {y}H{NAMES + 10 + span}" stroke="{theme.LINE}"/>'
            + f'<path d="M{min(here, rest):.1f} {y}H{max(here, rest):.1f}" '
            + f'stroke="{theme.GREY}" stroke-width="3"/>'
            + f'<circle cx="{rest:.1f}" cy="{y}" r="5" fill="white" stroke="{theme.BLUE}" '
            + 'stroke-width="2"/>'
            + f'<circle cx="{here:.1f}" cy="{y}" r="5" fill="{theme.GREEN}"/>'
        )
    foot = 14 + len(rows) * ROW
    for share in (0, 0.5, 1):
        x = NAMES + 10 + span * share
        parts.append(_text(x, foot + 4, f"{share:.0%}", "middle", theme.MUTED))
    said = "; ".join(
        f"{r['name']}: {words.percent(r['pair'][0])}, {words.lower(elsewhere)} "
        f"{words.percent(r['pair'][1])}"
        for r in rows
    )
    return _svg(foot + 10, said, "".join(parts))


def _text(x: float, y: float, text: str, anchor: str, fill: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" '
        f'font-family="{theme.FONT}" font-size="13">{escape(text)}</text>'
    )


def _svg(height: float, label: str, inside: str) -> Markup:
    return Markup(
        f'<svg class="small" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}">{inside}</svg>'
    )
