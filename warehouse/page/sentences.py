"""Computed titles and sentences. Each claim has a guard and is left out without its figures.

A sentence never says more than the figures in its table: "every year" and "the largest so far" need
an unbroken run of years, and a comparison needs two figures for the same date.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from warehouse.page import bridge, words
from warehouse.page.edition import Edition
from warehouse.page.series import (
    SLACK,
    Figure,
    Point,
    a_year_before,
    change,
    classes,
    is_beyond_error,
    is_same_date,
    named,
    noun,
    points,
    shown,
    this_year,
    unbroken,
    unit_of,
)

# With fewer steps than this, do not speak of a row of years.
STEPS = 3
# A smaller change (a hundredth, or a percentage point) counts as "hardly changed", but a share must
# also be near to what it was, and so must its rest: 2.8% and 1.9% are less than a point apart.
HARDLY = 0.01
NEAR = 0.05


def title(figure: Figure, edition: Edition) -> str:
    """Title of a figure: its finding, or its subject if nothing can be claimed."""
    return RULES[figure.title](figure, edition)


def main_points(on_page: list[Figure], edition: Edition) -> list[str]:
    """A sentence for each main point; a figure that is not available says so."""
    found = []
    for figure in (f for f in on_page if f.is_main_point):
        rule = {"trend": _trend_point, "leader": _leader_point}.get(figure.title)
        sentence = rule(figure, edition) if rule else None
        if sentence and sentence not in found:
            found.append(sentence)
    return found


def lead(edition: Edition, on_page: list[Figure]) -> list[str]:
    """The finding in one or two sentences: the first trend and the leaders among sellers."""
    trends = [f for f in on_page if f.title == "trend"][:1]
    leaders = [f for f in on_page if f.title == "leader" and f.noun == trends[0].noun.lower()]
    sentences = [_trend_point(f, edition, brief=True) for f in trends]
    parts = []
    for figure in leaders:
        top = _leader(figure, edition)
        if top is not None and top.value is not None:
            parts.append(f"{_part(top, figure, edition)} are in {top.label}")
    if parts:
        sentences.append(f"{words.listed(parts)}.")
    return [s for s in sentences if s]


@dataclass(frozen=True)
class Trend:
    """This year's figure, and its change if last year's can be compared with it."""

    now: Point
    before: Point | None
    growth: float | None  # relative; for shares the difference
    unit: str | None
    base: float | None = None  # the growth is from here
    to: float | None = None

    @property
    def is_hardly(self) -> bool:
        """Whether it is the same but for a change that is not worth telling."""
        moved = abs(self.growth or 0)
        if not words.is_share(self.unit):
            return moved < HARDLY
        old = self.base or 0
        return not moved or (moved < HARDLY and moved < NEAR * min(old, 1 - old))

    @property
    def is_of_few(self) -> bool:
        """Whether a per cent would be of too small a base."""
        if not words.is_share(self.unit):
            return self.base is not None and self.base < words.SMALL_BASE
        return self.now.is_of_few or (self.before is not None and self.before.is_of_few)

    @property
    def size(self) -> str:
        """Size of the change, without a sign; `from 6 to 13` of few; empty if it hardly changed."""
        if self.is_hardly:
            return ""
        if words.is_share(self.unit) and self.is_of_few and self.before:
            return f"from {change(self.now, self.before, self.unit)}"
        if self.base is None or self.to is None:
            return words.percent(abs(self.growth or 0))
        text = words.change(self.to, self.base, self.unit)
        return f"from {text}" if self.is_of_few else text[1:]

    @property
    def is_up(self) -> bool:
        return (self.growth or 0) > 0


def trend_of(figure: Figure, edition: Edition) -> Trend | None:
    """Change of the measure on last year; None if this year has no figure."""
    found = points(figure, edition)
    unit = unit_of(figure, edition)
    now = next((p for p in this_year(found, edition) if p.value is not None), None)
    if now is None:
        return None
    before = a_year_before(now, found)
    if figure.growth:
        # The table has its own growth, from the same date a year before.
        row = edition.tables[figure.table].of(edition.name)[0]
        base = row.get(f"{figure.growth}_denominator")
        return Trend(
            now, before, row[figure.growth], unit, base, row.get(f"{figure.growth}_numerator")
        )
    if before is None:
        return Trend(now, None, None, unit)
    new, old = now.value or 0, before.value or 0
    if words.is_share(unit):
        return Trend(now, before, new - old, unit, old, new)
    return Trend(now, before, new / old - 1 if old else None, unit, old, new)


def _trend(figure: Figure, edition: Edition) -> str:
    trend = trend_of(figure, edition)
    if trend is None or (trend.growth is None and not trend.now.is_window):
        return figure.noun
    if trend.now.is_window:
        return _of_window(trend, figure)
    if not trend.size:
        return f"{figure.noun} hardly changed in {edition.name}"
    verb = "rose" if trend.is_up else "fell"
    day = trend.now.as_of
    if figure.growth and day and edition.period_to - day > SLACK:
        # The table's growth goes back a whole year, and this year is not over.
        return f"{figure.noun} {verb} {trend.size} in the year to {words.day(day)}"
    row = _in_a_row(trend, figure, edition)
    return f"{figure.noun} {verb} {trend.size} in {edition.name}{row}"


def _of_window(trend: Trend, figure: Figure) -> str:
    """A rate of some days: it names them, and changed only beyond its error."""
    now, before = trend.now, trend.before
    value = shown(now, trend.unit)
    if before is None or trend.is_hardly or not is_beyond_error(now, before):
        return f"{figure.noun}: {value} in {days_of(now)}"
    verb = "rose" if trend.is_up else "fell"
    if trend.is_of_few:
        return f"{figure.noun} {verb} {trend.size} in {days_of(now)}"
    return f"{figure.noun} {verb} {trend.size}, to {value} in {days_of(now)}"


def days_of(point: Point) -> str:
    """The window of a rate: `the 30 days to 23 June 2022`."""
    assert point.since and point.until
    return f"the {(point.until - point.since).days + 1} days to {words.day(point.until)}"


def _trend_point(figure: Figure, edition: Edition, brief: bool = False) -> str | None:
    trend = trend_of(figure, edition)
    if trend is None:
        missing = edition.availability.get(figure.name)
        return (
            f"{figure.noun}: not available [x]. {words.capital(missing).rstrip('.')}."
            if missing
            else None
        )
    value = shown(trend.now, trend.unit)
    day = words.day(trend.now.as_of)
    compared = f", {_compared(trend, figure)}" if trend.growth is not None else ""
    if brief:
        market = edition.market["market_name"]
        return f"{market} had {value} {figure.noun.lower()} on the marketplace on {day}{compared}."
    now = trend.now
    of = f" of {words.number(now.denominator)} {figure.of}" if now.denominator and figure.of else ""
    if of and now.is_of_few and words.is_share(trend.unit):
        of = f" {figure.of}"  # the value itself is `9 of 12`
    when = f"as of {day}"
    if now.since and now.until:
        when = f"from {words.day(now.since)} to {words.day(now.until)}"
    text = f"{figure.noun}: {value}{of} {when}"
    if trend.growth is None:
        return f"{text}; {_not_compared(figure, trend.now, edition)}."
    text += compared
    run = unbroken([p for p in points(figure, edition) if p.value is not None])
    if trend.before is not None and is_largest_step(run) and _is_one_way(trend):
        step = abs((trend.now.value or 0) - (trend.before.value or 0))
        direction = "rise" if trend.is_up else "fall"
        if not words.is_share(trend.unit):
            text += f"; the {direction} of {words.number(step)} is the largest of the "
            text += f"{len(run) - 1} yearly changes since {run[0].edition}"
    row = edition.tables[figure.table].of(edition.name)[0] if figure.growth else {}
    # If the first year is withheld, its distance is known but the rate is not.
    base = row.get("cagr_denominator", words.SMALL_BASE)
    is_rate = row.get("cagr") is not None and (base is None or base >= words.SMALL_BASE)
    if is_rate and (row.get("cagr_years") or 0) > 1:
        text += (
            f". From {words.day(row['cagr_from'])} to {day}, {row['cagr_years']} years, "
            f"the average was {words.percent(row['cagr'])} a year"
        )
    return f"{text}."


def is_largest_step(run: list[Point]) -> bool:
    """Whether the last step of an unbroken run is larger than all earlier ones."""
    values = [p.value or 0 for p in run]
    steps = [abs(b - a) for a, b in zip(values, values[1:], strict=False)]
    return len(steps) >= STEPS and steps[-1] > max(steps[:-1])


def is_every_year(run: list[Point]) -> bool:
    """Whether every step of an unbroken run goes the same way."""
    values = [p.value or 0 for p in run]
    steps = [b - a for a, b in zip(values, values[1:], strict=False)]
    return len(steps) >= STEPS and (all(s > 0 for s in steps) or all(s < 0 for s in steps))


def _is_one_way(trend: Trend) -> bool:
    """Whether the growth is between these two years: the table's own may use other nights."""
    step = (trend.now.value or 0) - ((trend.before and trend.before.value) or 0)
    return bool(trend.size) and (step > 0) == trend.is_up


def _in_a_row(trend: Trend, figure: Figure, edition: Edition) -> str:
    run = unbroken([p for p in points(figure, edition) if p.value is not None])
    if not is_every_year(run) or not _is_one_way(trend):
        return ""
    steps = len(run) - 1
    return f", {words.ordinal(steps)} {'rise' if trend.is_up else 'fall'} in a row"


def _leader(figure: Figure, edition: Edition) -> Point | None:
    return next(iter(classes(this_year(points(figure, edition), edition))), None)


def _leader_title(figure: Figure, edition: Edition) -> str:
    top = _leader(figure, edition)
    if top is None or top.value is None:
        return words.capital(figure.noun)
    return f"{top.label}: {_part(top, figure, edition)}{_gain(figure, edition)}"


def _part(point: Point, figure: Figure, edition: Edition) -> str:
    """A share with its denominator: `58.2% of paid sellers`, or `9 of 12 paid sellers`."""
    text = shown(point, unit_of(figure, edition))
    return f"{text} {figure.of}" if " of " in text else f"{text} of {figure.of}"


def _leader_point(figure: Figure, edition: Edition) -> str | None:
    now = this_year(points(figure, edition), edition)
    top = _leader(figure, edition)
    if top is None or top.value is None:
        missing = edition.availability.get(figure.name)
        return (
            f"{figure.unit}: not available [x]. {words.capital(missing).rstrip('.')}."
            if missing
            else None
        )
    text = f"{top.label}: {_part(top, figure, edition)}{_gain(figure, edition)}"
    rest = classes(now)[1:3]
    # A withheld class may be larger than a shown one, so do not number the places.
    if rest and not any(p.symbol == "c" for p in now):
        names = [f"{p.label} ({shown(p, unit_of(figure, edition))})" for p in rest]
        text += f"; {words.listed(names)} follow{'s' if len(names) == 1 else ''}"
    return f"{text}."


def _gain(figure: Figure, edition: Edition) -> str:
    found = points(figure, edition)
    top = _leader(figure, edition)
    before = a_year_before(top, found) if top else None
    if top is None or before is None or top.value is None or before.value is None:
        return ""
    unit = unit_of(figure, edition)
    if top.is_of_few or before.is_of_few:
        return f"; {shown(before, unit)} in {before.edition}"
    step = top.value - before.value
    trend = Trend(top, before, step, unit, before.value, top.value)
    if trend.is_hardly:
        is_same = words.percent(top.value) == words.percent(before.value)
        return f", {'as' if is_same else 'much as'} in {before.edition}"
    return f", {'up' if trend.is_up else 'down'} {trend.size} on {before.edition}"


def followers(figure: Figure, edition: Edition) -> str:
    """What the classes after the largest do, by their counts; empty if nothing can be said."""
    found = [replace(p, value=p.value and p.numerator) for p in points(figure, edition)]
    told = classes(this_year(found, edition))
    if len(told) < 2 or (len(told) > 2 and told[1].value == told[2].value):
        return ""
    where = f"outside {told[0].label}, {told[1].label} has most {figure.noun}"
    # A withheld class may be larger than a shown one.
    is_all = not any(p.symbol == "c" for p in this_year(found, edition))
    text = words.capital(where) if is_all else f"Of what is shown {where}"
    moved = [(p, a_year_before(p, found)) for p in told[1:]]
    if len(moved) > 1 and all(b and (p.value or 0) > (b.value or 0) for p, b in moved):
        text += f", and each shown here has more than in {edition.name[:2]}{edition.year - 1}"
    return text


def _months(figure: Figure, edition: Edition) -> str:
    """Months of this year that were above, or below, the same months of last year."""
    by_month = {p.on: p for p in points(figure, edition) if p.on and p.value is not None}
    pairs = [
        (by_month[on].value or 0, before.value or 0)
        for on, point in by_month.items()
        if on
        and point.edition == edition.name
        and (before := by_month.get(on.replace(year=on.year - 1)))
        and is_same_date(point.census_on, before.census_on)
    ]
    if len(pairs) < STEPS:
        return f"{figure.noun} by month"
    above, below = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
    last = f"{edition.name[:2]}{edition.year - 1}"
    if above == below:
        return f"{figure.noun} by month"
    many, side = max((above, "above"), (below, "below"))
    if not _year_moved(figure, pairs, is_up=side == "above", edition=edition):
        return f"{figure.noun} by month"
    of = f"{many} of {len(pairs)} months"
    if many == len(pairs):
        of = "every month" if many == 12 else f"all {many} months that can be compared"
    return f"{figure.noun} ran {side} {last} in {of}"


def _year_moved(
    figure: Figure, pairs: list[tuple[float, float]], is_up: bool, edition: Edition
) -> bool:
    """Whether the year, or its compared months together, went the way that most months went."""
    year = named(figure.of_year, edition) if figure.of_year else None
    trend = trend_of(year, edition) if year else None
    if trend is None or trend.growth is None:
        now, before = (sum(column) for column in zip(*pairs, strict=True))
        day = Point(edition.name, now, None, None)
        unit = unit_of(figure, edition)
        if words.is_share(unit):
            now, before = now / len(pairs), before / len(pairs)
            trend = Trend(day, None, now - before, unit, before)
        else:
            trend = Trend(day, None, now / before - 1 if before else 1.0, unit, before)
    return not trend.is_hardly and trend.is_up == is_up


def _plain(figure: Figure, edition: Edition) -> str:
    return words.capital(noun(figure, edition))


def _not_compared(figure: Figure, now: Point, edition: Edition) -> str:
    found = points(figure, edition)
    last = next((p for p in found if p.year == now.year - 1 and p.value is not None), None)
    if last and last.of_days and abs((last.days or 0) - (now.days or 0)) > SLACK.days:
        return (
            f"{last.edition} cannot be compared: deliveries cover {last.days} days of that year "
            f"and {now.days} of {now.edition}"
        )
    return "there is no comparable figure a year before"


def _compared(trend: Trend, figure: Figure) -> str:
    if trend.before and not is_beyond_error(trend.now, trend.before):
        return f"and {shown(trend.before, trend.unit)} a year before: no change beyond its error"
    is_level = figure.is_level or words.is_share(trend.unit)
    if not trend.size and _is_same(trend):
        return "the same as a year before" if is_level else "as many as a year before"
    if trend.size.startswith("from"):
        before = shown(trend.before or trend.now, trend.unit)
        return f"{'up' if trend.is_up else 'down'} from {before} a year before"
    up, down = ("higher", "lower") if is_level else ("more", "fewer")
    return f"{trend.size or 'hardly'} {up if trend.is_up else down} than a year before"


def _is_same(trend: Trend) -> bool:
    """Whether the figures as shown are the same: counts are shown in full, shares rounded."""
    if trend.before is None or not words.is_share(trend.unit):
        return not trend.growth
    return words.percent(trend.now.value or 0) == words.percent(trend.before.value or 0)


RULES: dict[str, Callable[[Figure, Edition], str]] = {
    "trend": _trend,
    "leader": _leader_title,
    "bridge": bridge.title,
    "months": _months,
    "plain": _plain,
}
