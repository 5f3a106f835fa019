"""The main points: a few sentences of what happened, led by what changed most.

Each rule looks at two or three figures together and says one thing about them, or nothing: what
cannot be compared is not. Every number of a sentence has the query that gives it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from warehouse.page import queries, sentences, words
from warehouse.page.edition import Edition, Row
from warehouse.page.sentences import HARDLY, Trend, trend_of
from warehouse.page.series import (
    SLACK,
    Figure,
    Point,
    a_year_before,
    classes,
    is_beyond_error,
    named,
    points,
    shown,
    this_year,
    unit_of,
)

SENTENCES = 5


@dataclass(frozen=True)
class Fact:
    """A number of a sentence as it stands there, and the query that gives it: one value, or those
    of two years."""

    text: str
    query: str


@dataclass
class Sentence:
    """One main point. The weight is the size of the change that it tells."""

    edition: Edition
    text: str = ""
    weight: float = 0
    about: list[str] = field(default_factory=list)  # ids of figures
    facts: list[Fact] = field(default_factory=list)

    def note(self, text: str, figure: Figure, what: str = "", key: str = "", years: int = 1) -> str:
        """A number for the text; keeps where it comes from."""
        self.about = list(dict.fromkeys([*self.about, figure.id]))
        if any(c.isdigit() for c in text):
            name = self.edition.name
            last = [f"{name[:2]}{self.edition.year - 1}"] if years == 2 else []
            table = self.edition.tables[figure.table]
            if " of " in text:
                what = ", ".join(queries.parts(figure, table)[:2])
            query = queries.values(figure, what or figure.measure, [*last, name], key)
            self.facts.append(Fact(text, query))
        return text

    def moved(self, figure: Figure, trend: Trend) -> str:
        """`rose 33.0%`, `fell from 29 to 12` or `hardly changed`."""
        self.about = list(dict.fromkeys([*self.about, figure.id]))
        if trend.is_hardly:
            return "hardly changed"
        years, what = (1, figure.growth) if figure.growth and not trend.is_of_few else (2, "")
        size = self.note(trend.size, figure, what, years=years)
        return f"{'rose' if trend.is_up else 'fell'} {size}"

    def value(self, figure: Figure, trend: Trend) -> str:
        """The figure itself; a small base has named it already."""
        return self.note(shown(trend.now, trend.unit), figure)


def main_points(on_page: list[Figure], edition: Edition) -> list[Sentence]:
    """Five sentences, if there are figures for as many."""
    told = [s for rule in RULES if (s := rule(edition)) is not None]
    told = sorted(told, key=lambda s: -s.weight)[:SENTENCES]
    about = {name for sentence in told for name in sentence.about}
    for figure in (f for f in on_page if f.is_main_point and f.id not in about):
        for text in sentences.main_points([figure], edition):
            query = queries.query(figure, edition, [*figure.columns, figure.measure])
            told.append(Sentence(edition, text, 0, [figure.id], [Fact(figure.noun, query)]))
    return told[:SENTENCES]


def _demand(edition: Edition) -> Sentence | None:
    """Inquiries beside the buyers who wrote them."""
    inquiries, buyers = named("inquiries", edition), named("buyers-of-year", edition)
    one, other = _compared(inquiries, edition), _compared(buyers, edition)
    if not inquiries or not buyers or not one or not other:
        return None
    each = [_of_row(buyers, edition, back) for back in (1, 0)]
    said = Sentence(edition, weight=abs(one.growth or 0))
    alike = not one.is_hardly and not other.is_hardly and one.is_up == other.is_up
    first = f"Buyer inquiries {said.moved(inquiries, one)} in {edition.name}"
    second = f"the number of buyers {said.moved(buyers, other)}"
    said.text = f"{first} {'and' if alike else 'while'} {second}"
    rates = [r["inquiries"] / r["buyers"] for r in each if r.get("inquiries") and r.get("buyers")]
    if len(rates) == 2:
        who = "each" if all(r["coverage"] == 1 for r in each) else "each known buyer"
        wrote = [
            said.note(words.decimal(rate), buyers, "inquiries / buyers", years=2) for rate in rates
        ]
        said.text += (
            f": {who} wrote {wrote[1]} on average{_from(wrote[0], wrote[1], rates[0], rates[1])}"
        )
    said.text += "."
    return said


def _sellers(edition: Edition) -> Sentence | None:
    """Growth of the sellers beside those who joined and left."""
    sellers = named("paid-sellers", edition)
    trend = _compared(sellers, edition)
    if not sellers or not trend:
        return None
    said = Sentence(edition, weight=abs(trend.growth or 0))
    day = trend.now.as_of
    said.text = f"Paid sellers {said.moved(sellers, trend)} in the year to {words.day(day)}"
    if not trend.is_of_few or trend.is_hardly:
        said.text += f", {'at' if trend.is_hardly else 'to'} {said.value(sellers, trend)}"
    entries = (named("new-sellers", edition), named("sellers-that-left", edition))
    flows = [(f, p) for f in entries if f and (p := _now(f, edition))]
    if len(flows) == 2 and day and edition.period_to - day <= SLACK:
        counts = [said.note(words.number(p.value or 0), f) for f, p in flows]
        said.text += f": {counts[0]} joined for the first time and {counts[1]} left"
    said.text += "."
    return said


def _supply(edition: Edition) -> Sentence | None:
    """Listings beside the sellers who list them."""
    listings, sellers = named("live-listings", edition), named("paid-sellers", edition)
    one, other = _compared(listings, edition), _compared(sellers, edition)
    if not listings or not one:
        return None
    said = Sentence(edition, weight=abs(one.growth or 0))
    said.text = f"Live listings {said.moved(listings, one)} in {edition.name}"
    if sellers and other and not (one.is_of_few or other.is_of_few):
        ahead = (one.growth or 0) - (other.growth or 0)
        both = not one.is_hardly and not other.is_hardly and one.is_up and other.is_up
        if both and abs(ahead) >= HARDLY:
            pace = "faster" if ahead > 0 else "slower"
            rate = said.note(other.size, sellers, sellers.growth)
            said.text += f", {pace} than paid sellers ({rate})"
    median = named("listings-per-seller", edition)
    middle = trend_of(median, edition) if median else None
    if median and middle:
        value = said.note(shown(middle.now, middle.unit), median)
        said.text += f"; half of the paid sellers have {value} or fewer"
        if middle.before:
            was = said.note(shown(middle.before, middle.unit), median, years=2)
            said.text += _from(was, value, middle.before.value or 0, middle.now.value or 0)
    said.text += "."
    return said


def _places(edition: Edition) -> Sentence | None:
    """The largest city, and the sellers outside it."""
    found = _leading("largest-city", edition)
    if found is None:
        return None
    figure, top, before = found
    said = _led(figure, top, before, edition, "is home to")
    if before and None not in (top.numerator, before.numerator):
        rest = [(p.denominator or 0) - (p.numerator or 0) for p in (before, top)]
        counts = [words.number(n) for n in rest]
        for text in counts:
            said.note(text, figure, "denominator - numerator", top.key, years=2)
        step = "rose" if rest[1] > rest[0] else "fell"
        said.text += (
            f"; the sellers known to be elsewhere {step} from {counts[0]} to {counts[1]}"
            if rest[0] != rest[1]
            else f"; {counts[1]} sellers are known to be elsewhere, as many as a year before"
        )
    said.text += "."
    return said


def _buyers(edition: Edition) -> Sentence | None:
    """Where most inquiries come from."""
    found = _leading("inquiries-by-country", edition)
    if found is None:
        return None
    said = _led(*found, edition, "sent")
    said.text += "."
    return said


def _answers(edition: Edition) -> Sentence | None:
    """What was answered in time, beside what was never answered."""
    rate, never = named("response-rate", edition), named("unreplied", edition)
    trend = trend_of(rate, edition) if rate else None
    if not rate or not trend or not trend.now.is_window:
        return None
    said = Sentence(edition)
    value = said.value(rate, trend)
    of = "" if " of " in value else "of "
    days = sentences.days_of(trend.now)
    said.text = f"Sellers answered {value} {of}valid inquiries and chats in time in {days}"
    if trend.before:
        is_moved = not trend.is_hardly and is_beyond_error(trend.now, trend.before)
        was = said.note(shown(trend.before, trend.unit), rate, years=2)
        said.weight = abs(trend.growth or 0) if is_moved else 0
        said.text += f" ({was} a year before{'' if is_moved else ': no change beyond its error'})"
    left = _now(never, edition) if never else None
    if never and left and left.value is not None:
        share = said.note(shown(left, unit_of(never, edition)), never)
        of = "" if " of " in share else "of "
        said.text += f"; {share} {of}the year’s inquiries had no reply by {words.day(left.as_of)}"
    said.text += "."
    return said


def _silent(edition: Edition) -> Sentence | None:
    """Sellers that nobody asked."""
    figure = named("sellers-without-inquiries", edition)
    trend = trend_of(figure, edition) if figure else None
    if not figure or not trend:
        return None
    said = Sentence(edition)
    value = said.value(figure, trend)
    of = "" if " of " in value else "of "
    said.text = f"{words.capital(value)} {of}sellers that paid in the year received no inquiry"
    if trend.before:
        was = said.note(shown(trend.before, trend.unit), figure, years=2)
        said.text += _since(was, value, trend)
        said.weight = abs(trend.growth or 0)
    said.text += "."
    return said


RULES: tuple[Callable[[Edition], Sentence | None], ...] = (
    _demand,
    _sellers,
    _supply,
    _places,
    _answers,
    _silent,
    _buyers,
)


def _compared(figure: Figure | None, edition: Edition) -> Trend | None:
    """A trend with a year before that it can be compared with."""
    trend = trend_of(figure, edition) if figure else None
    return trend if trend and trend.growth is not None else None


def _now(figure: Figure, edition: Edition) -> Point | None:
    found = this_year(points(figure, edition), edition)
    return next((p for p in found if p.value is not None), None)


def _of_row(figure: Figure, edition: Edition, back: int) -> Row:
    """The figure's row of this year, or of some years back."""
    name = f"{edition.name[:2]}{edition.year - back}"
    found = edition.tables[figure.table].of(name)
    return next((r for r in found if all(r.get(k) == v for k, v in figure.where.items())), {})


def _leading(name: str, edition: Edition) -> tuple[Figure, Point, Point | None] | None:
    """The largest class of a figure, and the same class a year before."""
    figure = named(name, edition)
    if figure is None:
        return None
    found = points(figure, edition)
    top = next(iter(classes(this_year(found, edition))), None)
    return (figure, top, a_year_before(top, found)) if top else None


def _led(figure: Figure, top: Point, before: Point | None, edition: Edition, verb: str) -> Sentence:
    """`Sialkot is home to 85.0% of paid sellers whose city is known, down from 87.0%`."""
    said = Sentence(edition)
    unit = unit_of(figure, edition)
    value = said.note(shown(top, unit), figure, key=top.key)
    of = "" if " of " in value else "of "
    said.text = f"{top.label} {verb} {value} {of}{figure.of}"
    if before:
        was = said.note(shown(before, unit), figure, key=top.key, years=2)
        trend = Trend(top, before, (top.value or 0) - (before.value or 0), unit, before.value)
        said.text += _since(was, value, trend)
        said.weight = abs(trend.growth or 0)
    return said


def _since(was: str, now: str, trend: Trend) -> str:
    """The share of a year before; one that hardly changed went neither up nor down."""
    if trend.is_hardly and was != now:
        return f" ({was} a year before)"
    return _from(was, now, 0, trend.growth or 0)


def _from(was: str, now: str, old: float, new: float) -> str:
    """`, up from 6.6`; figures that are shown alike are the same."""
    if was == now:
        return ", as a year before"
    return f", {'up' if new > old else 'down'} from {was} a year before"
