"""The truth about what others have published: our own true figures, held to it."""

from transforms.markets import Claim, ExportShare, market
from transforms.sample.ledger import Edition
from transforms.sample.parameters import Parameters
from transforms.sample.truth_ground import Row, head, rounded, symbol_of

YEARS_BEFORE = 1  # how old a share of exports may be


def participation_gap(
    parameters: Parameters, editions: list[Edition], found: dict[str, list[Row]]
) -> list[Row]:
    """Share of sellers against share of exports, for the cities whose exports are published."""
    cities = {place.city_key: place.city for place in parameters.places}
    rows = []
    for edition in editions:
        year = edition.period_to.year
        exports: dict[str, ExportShare] = {}
        if edition.year_basis == "fiscal":
            for export in sorted(market(parameters.market).export_shares, key=_fiscal_year):
                if year - YEARS_BEFORE <= export.fiscal_year <= year:
                    exports[export.city_key] = export
        night = edition.as_of["sellers"]
        shown = _of(edition, found["sellers_by_city"])
        for key, export in exports.items():
            rows.append(_gap(edition, night, key, cities[key], export, shown))
        if not exports:
            nothing = dict.fromkeys(
                ("participation_gap", "numerator", "denominator", "coverage", "exports_year",
                 "source", "source_url")
            )  # fmt: skip
            key, city = "not_available", "Not available"
            rows.append({
                **head(edition, night), "city_key": key, "city": city, **nothing, "symbol": "x",
            })  # fmt: skip
    return rows


def _gap(
    edition: Edition, night: int | None, key: str, city: str, export: ExportShare, shown: list[Row]
) -> Row:
    row = next((r for r in shown if r["city_key"] == key), None)
    known = [r for r in shown if r["city_key"] not in ("unknown", "not_available")]
    is_withheld = row is not None and row["symbol"] == "c"
    share: float | None = None
    if known and not is_withheld:
        share = row["numerator"] / row["denominator"] if row else 0.0
    gap = None if share is None else share / export.share_of_exports
    return {
        **head(edition, night),
        "city_key": key,
        "city": city,
        "participation_gap": rounded(gap),
        "numerator": rounded(share),
        "denominator": export.share_of_exports,
        "coverage": known[0]["coverage"] if known else None,
        "symbol": "c" if is_withheld else symbol_of(edition, night, share),
        "exports_year": f"{export.fiscal_year - 1}-{export.fiscal_year % 100:02}",
        "source": export.source,
        "source_url": export.source_url,
    }


def context(
    parameters: Parameters, editions: list[Edition], found: dict[str, list[Row]]
) -> list[Row]:
    """Every claim about the year of an edition, and what the truth says to it."""
    return [
        _held(edition, claim, found)
        for edition in editions
        for claim in market(parameters.market).claims
        if claim.year == edition.period_to.year
    ]


def _held(edition: Edition, claim: Claim, found: dict[str, list[Row]]) -> Row:
    ours = _figure(edition, claim, found)
    value = ours["value"]
    if value is None or claim.claimed_value is None:
        verdict = "not testable"
    elif claim.comparison == "more than":
        verdict = "confirmed" if value > claim.claimed_value else "differing"
    else:
        off = round(abs(value - claim.claimed_value), 9)
        verdict = "confirmed" if off <= (claim.tolerance or 0.0) else "differing"
    published = claim.published_on
    return {
        "edition": edition.name,
        "year_basis": edition.year_basis,
        "period_from": f"{edition.period_from}",
        "period_to": f"{edition.period_to}",
        **ours,
        "claim": claim.claim,
        "statement": claim.statement,
        "figure": claim.figure,
        "figure_key": claim.figure_key,
        "comparison": claim.comparison,
        "claimed_value": claim.claimed_value,
        "tolerance": claim.tolerance,
        "verdict": verdict,
        "source": claim.source,
        "source_url": claim.source_url,
        "published_on": None if published is None else f"{published}",
    }


def _figure(edition: Edition, claim: Claim, found: dict[str, list[Row]]) -> Row:
    """Value, numerator, denominator, coverage, symbol and date of the figure that is meant."""
    names = ("as_of", "is_partial", "numerator", "denominator", "coverage", "symbol")
    none: Row = {**dict.fromkeys(names), "value": None, "is_partial": True, "symbol": "x"}
    if claim.figure is None:
        return none
    if claim.figure == "cagr":
        row = _of(edition, found["seller_growth"])[0]
        if row["cagr"] is None or claim.needs_years not in (None, row["cagr_years"]):
            return none
        own = {name: row[f"cagr_{name}"] for name in names[2:]}
        return {**none, **{name: row[name] for name in names[:2]}, **own, "value": row["cagr"]}
    if claim.figure in found:
        rows = _of(edition, found[claim.figure])
        key = "city_key" if claim.figure.endswith("city") else "top_category_id"
        row = next((r for r in rows if r[key] == claim.figure_key), {"share": None})
        value = row["share"]
    else:
        rows = _of(edition, found["headline"])
        row = next(r for r in rows if r["metric"] == claim.figure)
        value = row["value"]
    return none if value is None else {**{name: row[name] for name in names}, "value": value}


def _of(edition: Edition, rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["edition"] == edition.name]


def _fiscal_year(export: ExportShare) -> int:
    return export.fiscal_year
