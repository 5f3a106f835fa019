"""Charts: a figure drawn for page and phone, with its alternative text and notes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from warehouse.page import bars, bridge, dots, lines, places, sentences, theme, words
from warehouse.page.edition import Edition
from warehouse.page.series import Figure, Point, a_year_before, classes, points, this_year

Drawn = tuple[Any, str]  # chart and its alternative text


@dataclass(frozen=True)
class Picture:
    """A drawn figure: specification and SVG per width, alternative text, and a note."""

    specs: dict[str, dict[str, Any]]
    drawings: dict[str, str]
    alternative: str
    note: str

    def svg(self, width: str, prefix: str) -> str:
        """The SVG for a page; `prefix` keeps its ids apart from those of other charts."""
        return theme.svg(self.drawings[width], prefix, self.alternative)


def pictured(drawn: dict[str, Any], alternative: str, note: str, is_half: bool = False) -> Picture:
    """The picture of a chart, drawn once for each width."""
    widths = theme.widths(is_half)
    specs = {w: theme.finished(chart, widths[w]) for w, chart in drawn.items()}
    return Picture(specs, {w: theme.drawing(s) for w, s in specs.items()}, alternative, note)


def picture(figure: Figure, edition: Edition) -> Picture | None:
    """Draws the figure for page and phone; None if no value is shown."""
    found = points(figure, edition)
    if not any(p.value is not None for p in found if p.edition == edition.name):
        return None
    draw = KINDS.get(figure.kind)
    if draw is None:
        return None
    widths = theme.widths(figure.is_half)
    made = {w: m for w, width in widths.items() if (m := draw(figure, edition, width))}
    if len(made) < len(widths):
        return None
    charts = {w: m[0] for w, m in made.items()}
    return pictured(charts, made["wide"][1], _note(figure, edition), figure.is_half)


def _note(figure: Figure, edition: Edition) -> str:
    """What the chart leaves out, and how to read its marks."""
    found = points(figure, edition)
    now = this_year(found, edition)
    parts = NOTES[figure.kind](found, now, edition) if figure.kind in NOTES else []
    if figure.kind == "map" and (told := sentences.followers(figure, edition)):
        parts.insert(0, f"{told}.")
    withheld = [p.label for p in now if p.symbol == "c" and p.key not in words.UNKNOWN]
    if any(withheld):
        parts.append(f"Withheld [c]: {words.listed(sorted(withheld))}.")
    unknown = next((p for p in now if p.key == "unknown" and p.numerator), None)
    counts = (unknown.numerator or 0, unknown.denominator or 0) if unknown else (0, 0)
    # A denominator without the unknown rows is none of theirs.
    if 0 < counts[0] <= counts[1]:
        parts.append(f"Unknown: {words.number(counts[0])} of {words.number(counts[1])}.")
    return " ".join(parts)


def _of_years(found: list[Point], now: list[Point], edition: Edition) -> list[str]:
    parts = ["Hatched: provisional."] if any(p.symbol == "p" for p in found) else []
    before = [p for p in found if p.edition != edition.name]
    if any(p.value is None for p in before) or len(found) < len(edition.editions):
        parts.append("A year without a column has no figure; it is not zero.")
    parts += [
        f"{p.edition}: deliveries cover {p.days} of {p.of_days} days."
        for p in found
        if p.value is not None and p.is_short
    ]
    return parts


def _of_ranking(found: list[Point], now: list[Point], edition: Edition) -> list[str]:
    shown, parts = classes(now), []
    if any(a_year_before(p, found) for p in shown[: bars.TOP]):
        parts.append("Grey mark: the year before.")
    if len(shown) > bars.TOP:
        parts.append("Only the largest are drawn; the table has all.")
    return parts


def _of_map(found: list[Point], now: list[Point], edition: Edition) -> list[str]:
    parts = ["Boundaries are not shown."]
    if any(p.symbol == "c" for p in now):
        parts.append("Hollow mark: withheld, so of no size.")
    return parts


def _of_months(found: list[Point], now: list[Point], edition: Edition) -> list[str]:
    parts = ["Dashed: provisional."] if any(p.symbol == "p" for p in now) else []
    if sum(p.value is not None for p in now) < 12:
        parts.append("A month without a mark is withheld or not covered in full; it is not zero.")
    return parts


KINDS: dict[str, Callable[[Figure, Edition, int], Drawn | None]] = {
    "years": bars.years,
    "ranking": bars.ranking,
    "months": lines.months,
    "bridge": bridge.drawn,
    "map": places.of_cities,
    "pair": dots.pair,
    "range": dots.quartiles,
    "dots": dots.shares,
}
NOTES: dict[str, Callable[[list[Point], list[Point], Edition], list[str]]] = {
    "years": _of_years,
    "ranking": _of_ranking,
    "months": _of_months,
    "map": _of_map,
}
