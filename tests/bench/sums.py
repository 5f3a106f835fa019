"""What the pipeline and each peer made of the same bytes: 21 sums and the rejects by reason."""

from pathlib import Path
from typing import Any

import duckdb

SUMS = {
    "rows": "count(*)",
    "sellers": "count(DISTINCT seller_id)",
    "title_characters": "sum(length(title))",
    "with_category": "count(top_category_id)",
    "approved": "count_if(status = 'approved')",
    "listed": "count_if(is_listed)",
    "ready": "count_if(is_rts)",
    "shown": "count_if(is_showcase)",
    "advertised": "count_if(is_p4p)",
    "price_min": "sum(price_min)",
    "price_max": "sum(price_max)",
    "with_price_unit": "count(price_unit)",
    "moq": "sum(moq)",
    "with_moq_unit": "count(moq_unit)",
    "lead_days": "sum(lead_time_days)",
    "score": "sum(review_score)",
    "reviews": "sum(review_count)",
    "created": "sum(epoch(gmt_create)::HUGEINT)",
    "modified": "sum(epoch(gmt_modified)::HUGEINT)",
    "impressions": "sum(impressions)",
    "other_metrics": "sum(clicks) + sum(visitors) + sum(inquiries) + sum(inquirers) "
    "+ sum(tm_chatters) + sum(orders) + sum(bookmarks)",
}


def of_peer(out: Path) -> dict[str, Any]:
    """Of the files that a peer wrote."""
    return _of(f"'{out}/accepted.parquet'", f"'{out}/rejected.parquet'")


def of_night(partition: Path) -> dict[str, Any]:
    """Of a partition of listings in the lake."""
    rows, metrics, rejected = (
        f"'{partition}/{p}*.parquet'" for p in ("rows", "metrics", "rejected")
    )
    together = (
        f"(FROM read_parquet({rows}) AS r JOIN read_parquet({metrics}) AS m USING (product_id))"
    )
    return _of(together, rejected)


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Sums and reasons that differ; sums of fractions only beyond the last digits of a float."""
    return [
        f"{name}: {theirs.get(name)} instead of {ours.get(name)}"
        for name in sorted({*ours, *theirs})
        if not _equal(ours.get(name), theirs.get(name))
    ]


def _equal(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return abs(float(one) - float(other)) <= 1e-9 * abs(float(one))


def _of(accepted: str, rejected: str) -> dict[str, Any]:
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        values = db.execute(f"SELECT {', '.join(SUMS.values())} FROM {accepted}").fetchone()
        reasons = db.execute(f"SELECT reason, count(*) FROM {rejected} GROUP BY ALL").fetchall()
    assert values is not None
    return dict(zip(SUMS, values, strict=True)) | {f"rejected: {r}": n for r, n in reasons}
