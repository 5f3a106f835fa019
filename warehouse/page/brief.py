"""Briefs: an edition's figures of one city or one category, on two printed pages.

They show published figures and what follows from them alone: the rest of the country is the market
less the place. `briefs.toml` says which figures, in which order.
"""

import difflib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from transforms.errors import SettingsError
from transforms.settings import Settings
from transforms.storage import write_bytes
from warehouse import publish, versions
from warehouse.page import brief_plots, pdf, queries, rendering, theme, words
from warehouse.page.edition import Edition, read
from warehouse.page.series import (
    Figure,
    Point,
    a_year_before,
    change,
    points,
    shown,
    this_year,
    unit_of,
)
from warehouse.tables.nights import are_generated

FULL, SMALLEST = 30, 10  # sellers for two pages, and for a brief at all
FEWEST = 10  # no rate and no median of fewer
TOP, SHORT = 5, 3  # classes of a full brief, and of a short one


@dataclass(frozen=True)
class Subject:
    """A city or a category: its key in report tables, and its name."""

    kind: str
    key: str
    name: str

    @property
    def file(self) -> str:
        """Name of its files, without suffix."""
        return re.sub(r"\W+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class Made:
    """A finished brief; `pdf` is None on a machine without libpango."""

    subject: Subject
    edition: str
    page: Path
    pdf: Path | None
    told: dict[str, Any]


@cache
def layout() -> dict[str, Any]:
    """briefs.toml."""
    return tomllib.loads(Path(__file__).with_name("briefs.toml").read_text("utf-8"))


def make(settings: Settings, place: str, name: str | None = None) -> Made:
    """Writes `published/briefs/<edition>/<place>.html` and `.pdf` from the live version.

    Without a name, the brief is of the last fiscal year. Raises SettingsError for a place that the
    edition does not know, or that has too few sellers.
    """
    with publish.writer_lock(settings.published):
        source = versions.known_on(settings.published, None)
        edition = read(source / versions.FILE, name, are_generated(settings))
        subject = find(place, edition)
        told = contents(subject, edition)
        html = render(told)
        content = pdf.content(html)
        target = settings.published / "briefs" / edition.name / f"{subject.file}.html"
        printed = target.with_suffix(".pdf")
        printed.unlink(missing_ok=True)  # never a new page beside the PDF of an earlier brief
        write_bytes(target, html.encode())
        if content is not None:
            write_bytes(printed, content)
    return Made(subject, edition.name, target, None if content is None else printed, told)


def render(told: dict[str, Any]) -> str:
    """The page of these contents."""
    return rendering.template("brief.html.j2").render(**told)


def as_json(made: Made) -> dict[str, Any]:
    """The figures of a brief: `now` and `before` are as the page writes them."""
    keep = ("name", "before", "now", "change", "share", "rest", "all", "symbol")
    rows = [*made.told["counts"], *made.told["rates"]]
    return {
        "subject": vars(made.subject),
        "edition": made.edition,
        "is_full": made.told["is_full"],
        "finding": made.told["finding"],
        "rows": [{k: row[k] for k in keep if k in row} for row in rows],
        "page": str(made.page),
        "pdf": str(made.pdf) if made.pdf else None,
    }


def find(place: str, edition: Edition) -> Subject:
    """The city or category of that key or name."""
    known = [
        Subject(kind, row[key], row[name])
        for kind, key, name, table in (
            ("city", "city_key", "city", "sellers_by_city"),
            ("category", "top_category_id", "category", "sellers_listing_in_category"),
        )
        if table in edition.tables
        for row in edition.tables[table].of(edition.name)
        if row[key] not in words.UNKNOWN
    ]
    asked = place.casefold()
    for subject in known:
        if asked in (subject.key.casefold(), subject.name.casefold(), subject.file):
            return subject
    names = [s.name for s in known]
    near = difflib.get_close_matches(place, names, 3, 0.5) or sorted(names)
    raise SettingsError(
        f"{edition.name} has no city or category {place!r} with paid sellers. "
        f"It has, for instance, {words.listed(near[:8])}."
        if names
        else f"{edition.name} holds no city and no category of paid sellers."
    )


def contents(subject: Subject, edition: Edition) -> dict[str, Any]:
    """Everything that the template shows. Raises SettingsError if it has too few sellers."""
    of = layout()[subject.kind]
    counts = [_count(entry, subject, edition) for entry in of["count"]]
    base = counts[0]["point"]
    _is_large_enough(subject, base, edition)
    is_full = base.value >= FULL
    rates = [r for e in of["rate"] if (r := _rate(e, subject, edition))]
    top = _top(of["top"], subject, edition, is_full)
    rows = [*counts, *rates]
    return {
        "e": edition,
        "subject": subject,
        "is_full": is_full,
        "title": f"{subject.name} on a global B2B marketplace, {edition.year}",
        "year_label": rendering.year_label(edition),
        "style": rendering.style(),
        "finding": _finding(of["finding"], subject, counts[0], edition),
        "big": [c for c in counts if c["is_big"]],
        "counts": counts,
        "rates": rates,
        "top": top,
        "top_title": of["top_title"],
        "top_text": of["top_text"],
        "elsewhere": of["elsewhere"],
        "unknown": of["unknown"],
        "shares": of["shares"],
        "years": brief_plots.years(counts[0]["line"], edition) if is_full else "",
        "pairs": brief_plots.pairs(top, of["elsewhere"]) if is_full and top else "",
        "coverage": _coverage(of["count"][0], edition),
        "withheld": [r["name"] for r in rows if r["symbol"] == "c"],
        "is_provisional": any(r["symbol"] == "p" for r in rows),
        "absent": [r["name"] for r in rows if r["symbol"] == "x"],
        "queries": list(dict.fromkeys(r["query"] for r in [*rows, *top] if r["query"])),
        "symbols": words.SYMBOLS,
        "colour_names": {hex_: name for name, hex_ in theme.PALETTE.items()},
    }


def _is_large_enough(subject: Subject, base: Point | None, edition: Edition) -> None:
    if base is None or base.value is None:
        why = "is withheld" if base is not None and base.symbol == "c" else "is not available"
        raise SettingsError(
            f"There is no brief of {subject.name}: in {edition.name} the number of its paid "
            f"sellers {why}."
        )
    if base.value < SMALLEST:
        raise SettingsError(
            f"There is no brief of {subject.name}: in {edition.name} it has fewer than {SMALLEST} "
            "paid sellers. Its row of the tables is all that can be said."
        )


def _count(entry: dict[str, Any], subject: Subject, edition: Edition) -> dict[str, Any]:
    """A number, a year before, its change, and its share of the market where there is one."""
    line = _line(entry, subject, edition)
    row = _row(entry, line, subject, edition)
    point: Point | None = row["point"]
    share = None
    if "share" in entry and point is not None and point.value is not None and point.denominator:
        share = words.percent(point.value / point.denominator)
    return {**row, "share": share, "of": entry.get("of", ""), "is_big": entry.get("is_big", False)}


def _rate(entry: dict[str, Any], subject: Subject, edition: Edition) -> dict[str, Any] | None:
    """A rate here, in the rest of the market and in all of it; None if too few stand behind it."""
    line = _line(entry, subject, edition)
    row = _row(entry, line, subject, edition)
    point: Point | None = row["point"]
    if point is not None and point.value is not None and (point.denominator or 0) < FEWEST:
        return None
    return {**row, **against(point, row["everywhere"], row["unit"], row["digits"])}


def _top(
    entry: dict[str, Any], subject: Subject, edition: Edition, is_full: bool
) -> list[dict[str, Any]]:
    """The classes with most sellers of the place that are shown, largest first."""
    if entry["table"] not in edition.tables:
        return []
    each, label = entry["each"], entry["label"]
    shown_rows = [
        row
        for row in edition.tables[entry["table"]].of(edition.name)
        if row[layout()[subject.kind]["key"]] == subject.key
        and row[each] not in words.UNKNOWN
        and row["numerator"] is not None
        and row["denominator"] >= FEWEST
    ]
    made = []
    for row in sorted(shown_rows, key=lambda r: (-r["numerator"], r[each]))[
        : TOP if is_full else SHORT
    ]:
        figure = _figure(entry, subject, {each: row[each]})
        found = points(figure, edition)
        (point,) = this_year(found, edition)
        same = {} if each == "city_key" else {each: row[each]}
        of_all = {"top_category_id": subject.key} if each == "city_key" else same
        everywhere = _of_all(entry, of_all, edition)
        pair = against(point, everywhere, unit_of(figure, edition))
        made.append(
            {
                "name": row[label],
                "number": words.number(row["numerator"]),
                "here": shown(point, unit_of(figure, edition)),
                "query": queries.values(figure, "numerator, denominator, share", [edition.name]),
                **pair,
                "quotient": pair["quotient"] if is_full else None,
            }
        )
    return made


def _row(
    entry: dict[str, Any], line: list[Point], subject: Subject, edition: Edition
) -> dict[str, Any]:
    """What every row has: this year, the year before, its change, its symbol and its query."""
    figure = _figure(entry, subject)
    unit = unit_of(figure, edition) if figure.table in edition.tables else None
    point = next(iter(this_year(line, edition)), None)
    before = a_year_before(point, line) if point is not None and point.value is not None else None
    known = figure.table in edition.tables
    editions = [before.edition, edition.name] if before else [edition.name]
    everywhere = _of_all(entry, {}, edition)
    digits = words.decimals([p.value for p in (before, point, everywhere) if p], unit)
    symbol = (point.symbol or "") if point else _why_none(entry, subject, edition)
    name = entry["name"]
    if point is not None and point.is_window:
        name += f", {words.day(point.since)} to {words.day(point.until)}"
    return {
        "name": name,
        "point": point,
        "line": line,
        "unit": unit,
        "digits": digits,
        "everywhere": everywhere,
        "now": _text(point, unit, digits) if point else f"[{symbol}]",
        "before": _text(before, unit, digits) if before else "",
        "change": change(point, before, unit) if point and before else "",
        "symbol": symbol,
        "query": queries.values(figure, entry["measure"], editions) if known else "",
    }


def against(
    here: Point | None, everywhere: Point | None, unit: str | None, digits: int | None = None
) -> dict[str, Any]:
    """The same rate in the rest of the market and in all of it, as text and as numbers."""
    nothing = {"rest": "", "all": "", "quotient": None, "pair": None}
    if here is None or here.value is None or everywhere is None or everywhere.value is None:
        return nothing
    parts = (here.numerator, here.denominator, everywhere.numerator, everywhere.denominator)
    if None in parts or not words.is_share(unit):
        return {**nothing, "all": shown(everywhere, unit, digits)}
    n, d = parts[2] - parts[0], parts[3] - parts[1]  # type: ignore[operator]
    rest = n / d if d >= FEWEST else None
    return {
        "rest": words.percent(rest) if rest is not None else "",
        "all": shown(everywhere, unit),
        "quotient": words.measure(here.value / everywhere.value, None, 2)
        if everywhere.value
        else None,
        "pair": (here.value, rest) if rest is not None else None,
    }


def _of_all(entry: dict[str, Any], where: dict[str, str], edition: Edition) -> Point | None:
    """The same figure of the whole market this year."""
    if "all" not in entry or entry["all"]["table"] not in edition.tables:
        return None
    figure = _blank(entry["all"]["table"], entry["all"]["measure"], where)
    return next(iter(this_year(points(figure, edition), edition)), None)


def _line(entry: dict[str, Any], subject: Subject, edition: Edition) -> list[Point]:
    figure = _figure(entry, subject)
    return points(figure, edition) if figure.table in edition.tables else []


def _figure(entry: dict[str, Any], subject: Subject, more: dict[str, str] | None = None) -> Figure:
    where = {layout()[subject.kind]["key"]: subject.key, **entry.get("where", {}), **(more or {})}
    window = (entry.get("since", ""), entry.get("until", "as_of"))
    return _blank(entry["table"], entry["measure"], where, *window)


def _blank(
    table: str, measure: str, where: dict[str, Any], since: str = "", until: str = "as_of"
) -> Figure:
    return Figure(
        "", table, measure, "brief", "plain", "", "", [], where=where, since=since, until=until
    )


def _why_none(entry: dict[str, Any], subject: Subject, edition: Edition) -> str:
    """`c` where the whole table is withheld; a place without a row in another one is not in it."""
    table = edition.tables.get(entry["table"])
    rows = table.of(edition.name) if table else []
    key = layout()[subject.kind]["key"]
    of_all = (r for r in rows if r[key] == "not_available")
    symbol = table.symbol_of(entry["measure"]) if table else ""
    return next((r[symbol] for r in of_all), "x")


def _text(point: Point | None, unit: str | None, digits: int) -> str:
    if point is None or point.value is None:
        return words.cell(None, unit, point.symbol if point else "x")
    return shown(point, unit, digits)


def _finding(text: str, subject: Subject, base: dict[str, Any], edition: Edition) -> str:
    said = text.format(
        name=subject.name,
        count=base["now"],
        share=base["share"],
        day=words.day(base["point"].as_of),
    )
    if base["before"]:
        is_rate = base["change"].startswith(("+", words.MINUS))
        said += f" A year before there were {base['before']}"
        said += f" ({base['change']})." if is_rate else "."
    return said


def _coverage(entry: dict[str, Any], edition: Edition) -> str:
    rows = edition.tables[entry["table"]].of(edition.name)
    found = next((r["coverage"] for r in rows if r.get("coverage") is not None), None)
    return words.percent(found) if found is not None else ""
