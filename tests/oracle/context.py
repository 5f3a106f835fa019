"""The truth about what others have published: our own true figures, held to it."""

from tests.oracle.ledger import Edition
from tests.oracle.rows import Row, head, rounded, symbol_of
from transforms.sample.universe.parameters import Parameters

Published = dict[str, str]  # a row of a file, as text

# Of a table that claims speak of: the key, and the column that they are held to.
KEYS_OF = {
    "sellers_by_city": ("city_key", "share"),
    "sellers_by_category": ("top_category_id", "share"),
    "listings_by_category": ("top_category_id", "share"),
    "sellers_by_country": ("country_iso2", "rank"),
}
YEARS_BEFORE = 1  # how old a share of exports may be
NO_CLAIM = {
    "claim": "not_available",
    "statement": "Not available",
    **dict.fromkeys(
        (
            "figure",
            "figure_key",
            "comparison",
            "unit",
            "claimed_value",
            "tolerance",
            "needs_years",
            "source",
            "source_url",
            "published_on",
        ),
        "",
    ),
}


def participation_gap(
    parameters: Parameters, editions: list[Edition], found: dict[str, list[Row]]
) -> list[Row]:
    """Share of sellers against share of exports, for the cities whose exports are published."""
    cities = {place.city_key: place.city for place in parameters.places}
    rows = []
    for edition in editions:
        year = edition.period_to.year
        exports: dict[str, Published] = {}
        if edition.year_basis == "fiscal":
            for export in sorted(parameters.export_shares, key=_fiscal_year):
                if year - YEARS_BEFORE <= _fiscal_year(export) <= year:
                    exports[export["city_key"]] = export
        night = edition.as_of["sellers"]
        shown = _of(edition, found["sellers_by_city"])
        for key, export in exports.items():
            rows.append(_gap(edition, night, key, cities[key], export, shown))
        if not exports:
            nothing = dict.fromkeys(
                (
                    "participation_gap",
                    "numerator",
                    "denominator",
                    "coverage",
                    "exports_year",
                    "source",
                    "source_url",
                )
            )
            key, city = "not_available", "Not available"
            rows.append(
                {
                    **head(edition, night),
                    "city_key": key,
                    "city": city,
                    **nothing,
                    "symbol": "x",
                }
            )
    return rows


def _gap(
    edition: Edition, night: int | None, key: str, city: str, export: Published, shown: list[Row]
) -> Row:
    row = next((r for r in shown if r["city_key"] == key), None)
    known = [r for r in shown if r["city_key"] not in ("unknown", "not_available")]
    is_closed = any(r["city_key"] == "not_available" and r["symbol"] == "c" for r in shown)
    is_withheld = is_closed or (row is not None and row["symbol"] == "c")
    share: float | None = None
    if known and not is_withheld:
        share = row["numerator"] / row["denominator"] if row else 0.0
    year = _fiscal_year(export)
    gap = None if share is None else share / float(export["share_of_exports"])
    return {
        **head(edition, night),
        "city_key": key,
        "city": city,
        "participation_gap": rounded(gap),
        "numerator": rounded(share),
        "denominator": float(export["share_of_exports"]),
        "coverage": known[0]["coverage"] if known else None,
        "symbol": "c" if is_withheld else symbol_of(share),
        "exports_year": f"{year - 1}-{year % 100:02}",
        "source": export["source"],
        "source_url": export["source_url"],
    }


def context(
    parameters: Parameters, editions: list[Edition], found: dict[str, list[Row]]
) -> list[Row]:
    """Every claim about the year of an edition, and what the truth says to it."""
    rows = []
    for edition in editions:
        year = edition.period_to.year
        claims = [claim for claim in parameters.claims if int(claim["year"]) == year]
        rows += [_held(edition, claim, found) for claim in claims or [NO_CLAIM]]
    return rows


def _held(edition: Edition, claim: Published, found: dict[str, list[Row]]) -> Row:
    ours = _figure(edition, claim, found)
    texts = (
        "claim",
        "statement",
        "figure",
        "figure_key",
        "comparison",
        "unit",
        "source",
        "source_url",
        "published_on",
    )
    return {
        **head(edition, None),
        **ours,
        **{name: claim[name] or None for name in texts},
        "claimed_value": _number(claim["claimed_value"]),
        "tolerance": _number(claim["tolerance"]),
        "verdict": "not testable",  # the exports are generated
    }


def _figure(edition: Edition, claim: Published, found: dict[str, list[Row]]) -> Row:
    """Value, numerator, denominator, coverage, symbol and date of the figure that is meant."""
    names = ("as_of", "is_partial", "numerator", "denominator", "coverage", "symbol")
    none: Row = {**dict.fromkeys(names), "value": None, "is_partial": True, "symbol": "x"}
    figure = claim["figure"]
    if not figure:
        return none
    if figure == "cagr":
        row = _of(edition, found["seller_growth"])[0]
        if row["cagr"] is None or claim["needs_years"] not in ("", f"{row['cagr_years']}"):
            return none
        own = {name: row[f"cagr_{name}"] for name in names[2:]}
        return {**none, **{name: row[name] for name in names[:2]}, **own, "value": row["cagr"]}
    if figure in found:
        rows = _of(edition, found[figure])
        key, shown = KEYS_OF[figure]
        row = next((r for r in rows if r[key] == claim["figure_key"]), {shown: None})
        value = row[shown]
        if figure == "listings_by_category" and value is not None:  # the press means all listings
            value = row["share_of_all"]
            row = {**row, "denominator": round(row["numerator"] / value)}
    else:
        row = next(r for r in _of(edition, found["headline"]) if r["metric"] == figure)
        value = row["value"]
    return none if value is None else {**{name: row[name] for name in names}, "value": value}


def _number(text: str) -> float | None:
    return float(text) if text else None


def _of(edition: Edition, rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["edition"] == edition.name]


def _fiscal_year(export: Published) -> int:
    return int(export["fiscal_year"])
