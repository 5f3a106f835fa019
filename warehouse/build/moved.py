"""Headline figures that changed from one version to another."""

from typing import Any

import duckdb

Row = dict[str, Any]
HEADLINES = """
    SELECT
        coalesce(a.edition, b.edition) AS edition,
        coalesce(a.metric, b.metric) AS metric,
        a.value AS was,
        b.value AS now,
        b.value - a.value AS difference,
        a.as_of AS was_as_of,
        b.as_of AS now_as_of,
        a.symbol AS was_symbol,
        b.symbol AS now_symbol,
        a.edition IS NULL AS is_new,
        b.edition IS NULL AS is_gone
    FROM {a}.report.headline AS a
    FULL JOIN {b}.report.headline AS b ON a.edition = b.edition AND a.metric = b.metric
    WHERE
        a.value IS DISTINCT FROM b.value
        -- Freezing an edition changes no figure.
        OR nullif(a.symbol, 'p') IS DISTINCT FROM nullif(b.symbol, 'p')
        OR (a.edition IS NULL) <> (b.edition IS NULL)
    ORDER BY edition DESC, metric
"""


def headlines(db: duckdb.DuckDBPyConnection, a: str, b: str) -> list[Row]:
    """Headline figures that changed from catalog `a` to catalog `b`, newest edition first."""
    found = db.execute(HEADLINES.format(a=a, b=b))
    names = [d[0] for d in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def as_sentence(moved: Row) -> str:
    """One changed figure as text: FY2022 paid_sellers 3,100 to 3,104."""
    was, now = (_shown(moved[side], moved[f"{side}_symbol"]) for side in ("was", "now"))
    name = f"{moved['edition']} {moved['metric']}"
    if moved["is_new"]:
        return f"{name} new: {now}"
    if moved["is_gone"]:
        return f"{name} gone: was {was}"
    # Both may be null: a figure that was not available can become withheld.
    is_same = moved["was"] == moved["now"]
    return f"{name} {was} to {now}" + (": only its mark changed" if is_same else "")


def as_row(moved: Row) -> Row:
    """One changed figure as a line of a table; a figure that is new or gone has no other side."""
    was, now = (_shown(moved[side], moved[f"{side}_symbol"]) for side in ("was", "now"))
    difference = moved["difference"]
    return {
        "edition": moved["edition"],
        "headline": moved["metric"],
        "was": None if moved["is_new"] else was,
        "now": None if moved["is_gone"] else now,
        "difference": f"{_number(difference)}" if difference else None,
    }


def _shown(value: float | None, symbol: str | None) -> str:
    if value is None:
        return "withheld" if symbol == "c" else "not available"
    return f"{_number(value)} [{symbol}]" if symbol else _number(value)


def _number(value: float) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")
