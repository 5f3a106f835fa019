"""Symbols of the report tables: what models write, and the one place where `p` is put."""

from typing import Any

import duckdb
import pytest

from tests.warehouse.tiny_market import tiny, warehouse_of
from transforms import engine
from warehouse.editions import put_in, revisions
from warehouse.models import Model, models

REPORT = [m for m in models() if m.schema == "report"]
Rows = list[dict[str, Any]]


def rows_of(db: duckdb.DuckDBPyConnection, model: Model) -> Rows:
    rows = engine.rows(db, f"FROM {model.table} ORDER BY ALL")
    return sorted(rows, key=lambda r: str([r[k] for k in model.key]))


@pytest.mark.parametrize("seed", [0, 3])
def test_provisional_is_what_is_not_frozen_or_partial(seed: int) -> None:
    seen = set()
    with warehouse_of(tiny(seed)) as db:
        names = [e for (e,) in db.execute("SELECT edition FROM marts.dim_edition").fetchall()]
        closed = names[::2]
        for model in REPORT:
            before = rows_of(db, model)
            for _ in range(2):  # again changes nothing
                put_in.mark_provisional(db, model, closed)
                after = rows_of(db, model)
                for was, now in zip(before, after, strict=True):
                    for symbol in revisions.symbols(db, model.table):
                        is_shown = was[symbol] is None
                        counted = was[f"{symbol.removesuffix('symbol')}numerator"]
                        assert was[symbol] in (None, "c", "x") and (
                            counted is not None or not is_shown
                        )
                        is_open = was["edition"] not in closed or was["is_partial"]
                        expected = "p" if is_shown and is_open else was[symbol]
                        assert now[symbol] == expected, (model.name, was)
                        seen.add((is_shown, is_open, now[symbol]))
                    symbols = revisions.symbols(db, model.table)
                    assert was == now | {s: was[s] for s in symbols}
    assert {(True, True, "p"), (True, False, None), (False, True, "c")} <= seen


def test_what_is_counted_over_days_states_them() -> None:
    """A flow is partial where a day is missing, whatever its last night is."""
    flows = {
        "inquiry_year",
        "inquiry_month",
        "inquiring_buyers",
        "inquiring_buyers_by_month",
        "inquiries_per_seller",
        "inquiries_per_seller_by_month",
        "response_time",
        "response_time_by_month",
        "response_rate",
        "response_rate_by_city",
        "inquiries_by_city",
        "inquiries_by_country",
        "destination_reach",
        "online_order_coverage",
        "partner_cohorts",
        "rfq_demand",
        "rfq_demand_by_week",
        "seller_flow",
        "seller_flow_by_city",
        "listing_flow",
        "headline",
    }
    with warehouse_of(tiny(0)) as db:
        found = {m.name for m in REPORT if "days_covered" in revisions.columns(db, m.table)}
        assert found == flows
        for name in sorted(flows - {"headline", "partner_cohorts"}):
            for row in rows_of(db, next(m for m in REPORT if m.name == name)):
                if row["days"] is not None and "span_from" not in row:
                    is_short = row["days_covered"] < row["days"]
                    assert row["is_partial"] or not is_short, (name, row)
