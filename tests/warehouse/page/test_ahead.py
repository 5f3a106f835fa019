"""Looking ahead: what is said of a projection, and what is said where there is none."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.page import made_up
from warehouse.page import ahead


def headline(year: int, metric: str, value: float) -> made_up.Row:
    return {**made_up.frame(year), "metric": metric, "value": value, "numerator": value}


def projected(horizon: int, **told: Any) -> made_up.Row:
    """A row of paid sellers; without `told` it is not shown."""
    until = date(2022, 12, 31) if horizon == 6 else date(2023, 6, 30)
    row = {"measure": "paid_sellers", "horizon": horizon, "projected_to": until, **told}
    shown = {"symbol": "f", "numerator": told.get("central")}
    return {**made_up.frame(2022), **row, **(shown if "central" in told else {})}


CAVEAT = [ahead.CAVEAT]
YEAR = {
    "central": 800,
    "low": 782,
    "high": 818,
    "method": "drift",
    "errors": 25,
    "median_error": 0.009,
    "usual_error": 0.023,
    "worst_error": 0.047,
}
HALF = {**YEAR, "central": 705, "low": 690, "high": 720}


def said(tmp_path: Path, *rows: made_up.Row) -> list[str]:
    counted = [headline(2018, "paid_sellers", 300), headline(2022, "paid_sellers", 620)]
    tables = {"report.headline": counted, "report.projection": list(rows)}
    made = made_up.edition(tmp_path / "outlook.duckdb", tables)
    ((_, text), *caveat) = ahead.paragraphs(made)
    return [*re.split(r"(?<=\.) (?=[A-Z])", text), *(said for _, said in caveat)]


def test_a_year_ahead_with_its_errors_its_limits_and_half_the_growth(tmp_path: Path) -> None:
    assert said(tmp_path, projected(12, **YEAR), projected(6, **HALF)) == [
        "If growth continues as in 2017\N{EN DASH}2022, there would be about 800 paid sellers on "
        "30 June 2023: between 780 and 820, by past errors.",
        "Four in five past projections of this kind, one year ahead, were within 2.3%; the worst "
        "missed by 4.7%.",
        "If growth is half of that, about 700.",  # 620 * root(800 / 620) = 704
        *CAVEAT,
    ]


def test_six_months_and_why_no_more(tmp_path: Path) -> None:
    reason = "35 good months, fewer than 36"
    told = said(tmp_path, projected(12, symbol="x", reason=reason), projected(6, **HALF))
    assert "31 December 2022" in told[0] and "six months ahead" in told[1]
    assert told[2] == f"It goes to six months; a year ahead is not shown: {reason}."


@pytest.mark.parametrize(
    ("symbol", "reason", "sentence"),
    [
        ("x", "12 good months, fewer than 24", "is shown: 12 good months, fewer than 24."),
        ("c", "a month of it is withheld", "is shown: a month of the series is withheld."),
    ],
)
def test_without_a_projection_only_the_reason_is_told(
    symbol: str, reason: str, sentence: str, tmp_path: Path
) -> None:
    rows = [projected(h, symbol=symbol, reason=reason) for h in (6, 12)]
    assert said(tmp_path, *rows) == [f"No projection {sentence}"]


def test_a_flow_names_its_days_and_the_other_method_its_year(tmp_path: Path) -> None:
    flow = {
        "measure": "inquiries",
        "projected_from": date(2022, 7, 1),
        "method": "same_month",
        "central": 12345.0,
        "low": 11800.0,
        "high": 12900.0,
    }
    tables = {
        "report.headline": [headline(2022, "inquiries", 10_000)],
        "report.projection": [projected(12, **{**YEAR, **flow}), projected(6, **{**HALF, **flow})],
    }
    made = made_up.edition(tmp_path / "outlook.duckdb", tables)
    ((_, told), _) = ahead.paragraphs(made)
    assert told.startswith(
        "If growth continues as in the last twelve months, there would be about 12,300 inquiries "
        "from 1 July 2022 to 30 June 2023: between 11,800 and 12,900, by past errors."
    )
    assert told.endswith("If growth is half of that, about 11,100.")
