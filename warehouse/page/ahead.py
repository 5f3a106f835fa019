"""Looking ahead: sentences about what would be if growth went on, from the published file alone.

A projection is told with its window, its past errors and what it does not know, or not at all: then
the reason is told. Each measure stands by itself, and none is in the headline.
"""

from decimal import ROUND_HALF_UP, Decimal

from warehouse.page import words
from warehouse.page.edition import Edition, Row

NOUNS = {
    "paid_sellers": "paid sellers",
    "live_listings": "live listings",
    "inquiries": "inquiries",
}
LENGTH = {6: "six months", 12: "one year"}
CAVEAT = (
    "This is a projection of the past trend, not a forecast: it knows nothing of prices, policy or "
    "the platform\N{RIGHT SINGLE QUOTATION MARK}s changes."
)


def paragraphs(edition: Edition) -> list[tuple[str, str]]:
    """Each measure of report.projection and what is said of it; the caveat comes once, last."""
    table = edition.tables.get("projection")
    found: dict[str, dict[int, Row]] = {}
    for row in table.of(edition.name) if table else ():
        measure = row["measure"]
        years = edition.tables["headline"].rows
        counted = [r for r in years if r["metric"] == measure and r["value"] is not None]
        since = min((r["period_from"] for r in counted), default=None)
        more = {"counted": edition.headline(measure).get("value"), "counted_since": since}
        found.setdefault(measure, {})[row["horizon"]] = {**row, **more}
    told = {m: sentences(found[m]) for m in NOUNS if m in found}
    made = [
        (words.capital(NOUNS[m]), " ".join(s for s in said if s != CAVEAT))
        for m, said in told.items()
    ]
    return [*made, ("", CAVEAT)] if any(CAVEAT in said for said in told.values()) else made


def sentences(told: dict[int, Row]) -> list[str]:
    """What is said of one measure: a year ahead, or six months and why no more, or only why not."""
    year, half = told[12], told[6]
    row = next((r for r in (year, half) if r["symbol"] == "f"), None)
    if row is None:
        if year["symbol"] == half["symbol"] == "c":
            return ["No projection is shown: a month of the series is withheld."]
        return [f"No projection is shown: {half['reason']}."]
    said = [_projection(row), _errors(row), CAVEAT]
    if row is half:
        said.append(f"It goes to six months; a year ahead is not shown: {year['reason']}.")
    if (scenario := _at_half_the_growth(row)) is not None:
        said.append(scenario)
    return said


def _projection(row: Row) -> str:
    since, last = row["counted_since"], row["period_to"]
    # One method takes the growth of the whole series, the other that of its last year.
    window = "the last twelve months"
    if row["method"] == "drift" and since:
        window = f"{since.year}\N{EN DASH}{last.year}"
    return (
        f"If growth continues as in {window}, there would be about {_about(row['central'])} "
        f"{NOUNS[row['measure']]} {_when(row)}: between {_about(row['low'])} and "
        f"{_about(row['high'])}, by past errors."
    )


def _errors(row: Row) -> str:
    return (
        f"Four in five past projections of this kind, {LENGTH[row['horizon']]} ahead, were within "
        f"{words.percent(row['usual_error'])}; the worst missed by "
        f"{words.percent(row['worst_error'])}."
    )


def _at_half_the_growth(row: Row) -> str | None:
    """A scenario beside the projection; None where the year's figure does not compare with it."""
    counted = row["counted"]
    # Inquiries of six months stand beside no counted figure of six months.
    if not counted or (row["measure"] == "inquiries" and row["horizon"] != 12):
        return None
    half = counted * (row["central"] / counted) ** 0.5
    return f"If growth is half of that, about {_about(half)}."


def _when(row: Row) -> str:
    if row["projected_from"]:
        return f"from {words.day(row['projected_from'])} to {words.day(row['projected_to'])}"
    return f"on {words.day(row['projected_to'])}"


def _about(value: float) -> str:
    """A number with two digits, three from 1,000 on: more would say more than is known."""
    exact = Decimal(repr(value))
    digits = 3 if exact >= 1000 else 2
    rounded = exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), ROUND_HALF_UP)
    return f"{int(rounded):,}"
