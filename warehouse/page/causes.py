"""What moved a headline figure: parts that add up to its whole change, or nothing.

Each rule takes its parts from published rows. If a part is withheld, the two years cannot be
compared, or the parts leave something over, there is no sentence.
"""

from collections.abc import Callable
from datetime import date

from warehouse.page import words
from warehouse.page.edition import Edition, Row
from warehouse.page.series import Figure, Point, a_year_before, points

Parts = list[tuple[float, str]]
ROUNDED = 0.001  # two shares in per cent with one decimal are each off by half of it at most


def sentence(rule: str, figure: Figure, point: Point, edition: Edition) -> str:
    """`413 a year before; +174 joined for the first time; −61 left; +3 …: 529.`"""
    before = a_year_before(point, points(figure, edition))
    if before is None or before.value is None or point.value is None:
        return ""
    parts = RULES[rule](point, before, edition)
    is_share = rule == "share"
    left = point.value - before.value - sum(part for part, _ in parts)
    if not parts or abs(left) > (ROUNDED if is_share else 0):
        return ""
    gain = words.points if is_share else words.gain
    told = [f"{gain(part)} {why}" for part, why in parts if part]
    write = words.percent if is_share else words.number
    return f"{write(before.value)} a year before; {'; '.join(told)}: {write(point.value)}."


def sellers(point: Point, before: Point, edition: Edition) -> Parts:
    """Sellers that joined, left, and came back."""
    rows = edition.tables["seller_flow"].of(edition.name) if "seller_flow" in edition.tables else []
    if len(rows) != 1 or rows[0]["opened_on"] != before.as_of:
        return []
    (row,) = rows
    # A version made by older code has no returned sellers.
    new, gone, back = (row.get(f"{who}_sellers") for who in ("new", "churned", "returned"))
    if new is None or gone is None or back is None:
        return []
    return [
        (new, "joined for the first time"),
        (-gone, "left"),
        (back, "came back, less new ones that left again"),
    ]


def listings(point: Point, before: Point, edition: Edition) -> Parts:
    """Listings that were new, dropped and returned, over months without a gap."""
    rows = (
        edition.tables["listing_flow"].of(edition.name) if "listing_flow" in edition.tables else []
    )
    dated = [r for r in rows if r["flow_from"]]
    spans = sorted({(r["flow_from"], r["flow_to"]) for r in dated})
    if not _is_chain(spans, before.as_of, point.as_of) or any(r["listings"] is None for r in dated):
        return []

    def total(flow: str) -> int:
        return sum(r["listings"] for r in dated if r["flow"] == flow)

    return [
        (total("new"), "were new"),
        (-total("dropped"), "were dropped"),
        (total("returned"), "returned"),
    ]


def _is_chain(spans: list[tuple[date, date]], first: date | None, last: date | None) -> bool:
    ends = [a[1] == b[0] for a, b in zip(spans, spans[1:], strict=False)]
    return bool(spans) and all(ends) and (spans[0][0], spans[-1][1]) == (first, last)


def inquiries(point: Point, before: Point, edition: Edition) -> Parts:
    """More buyers at last year's rate, more from each of last year's buyers, and both together."""
    now, then = (_buyers(e, edition) for e in (point.edition, before.edition))
    if not now or not then or not then["buyers"] or not now["buyers"]:
        return []
    if (now["inquiries"], then["inquiries"]) != (point.value, before.value):
        return []
    rate_now, rate_then = (r["inquiries"] / r["buyers"] for r in (now, then))
    buyers = round((now["buyers"] - then["buyers"]) * rate_then)
    each = round((rate_now - rate_then) * then["buyers"])
    both = now["inquiries"] - then["inquiries"] - buyers - each
    return [
        (buyers, "from the change in the number of buyers"),
        (each, "from what each wrote"),
        (both, "from both together"),
    ]


def _buyers(name: str, edition: Edition) -> Row:
    table = edition.tables.get("inquiring_buyers")
    rows = table.of(name) if table else []
    return rows[0] if len(rows) == 1 and rows[0]["buyers"] is not None else {}


def share(point: Point, before: Point, edition: Edition) -> Parts:
    """The class itself, and all others, by which its share is divided."""
    parts = (point.numerator, point.denominator, before.numerator, before.denominator)
    if None in parts or not point.denominator or not before.denominator:
        return []
    n, of, n_then, of_then = parts
    own = words.tenth((n - n_then) / of)  # type: ignore[operator]
    # What is left of the change as it is shown, so that a reader can add it up.
    rest = words.tenth(point.value or 0) - words.tenth(before.value or 0) - own
    return [
        (own, f"because its own sellers went from {n_then:,} to {n:,}"),
        (rest, f"because all sellers went from {of_then:,} to {of:,}"),
    ]


RULES: dict[str, Callable[[Point, Point, Edition], Parts]] = {
    "sellers": sellers,
    "listings": listings,
    "inquiries": inquiries,
    "share": share,
}
