"""Which day an instant belongs to, and what an unmeasured number is: unknown, never 0."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from transforms.clean import CLEANERS, Context
from transforms.markets import market


def cleaned(dataset: str, rows: list[dict[str, str]], of: str = "PK") -> list[dict[str, Any]]:
    context = Context(date(2022, 7, 2), market(of), b"key")
    return CLEANERS[dataset](pd.DataFrame(rows, dtype="str"), context).rows.to_dict("records")


@pytest.mark.parametrize(
    ("posted", "of", "local", "platform"),
    [
        # Karachi is UTC+5, Kolkata UTC+5:30, Pacific time UTC-7 in summer and UTC-8 in winter.
        ("2022-06-30T18:59:59Z", "PK", date(2022, 6, 30), date(2022, 6, 30)),
        ("2022-06-30T19:00:00Z", "PK", date(2022, 7, 1), date(2022, 6, 30)),
        ("2022-06-30T18:30:00Z", "IN", date(2022, 7, 1), date(2022, 6, 30)),
        ("2022-06-30T18:29:59Z", "IN", date(2022, 6, 30), date(2022, 6, 30)),
        ("2022-07-01T06:59:59Z", "PK", date(2022, 7, 1), date(2022, 6, 30)),
        ("2022-07-01T07:00:00Z", "PK", date(2022, 7, 1), date(2022, 7, 1)),
        ("2022-01-01T07:59:59Z", "PK", date(2022, 1, 1), date(2021, 12, 31)),
        ("2022-01-01T08:00:00Z", "PK", date(2022, 1, 1), date(2022, 1, 1)),
    ],
)
def test_one_instant_has_a_local_day_and_a_day_of_the_platform(
    posted: str, of: str, local: date, platform: date
) -> None:
    row = {"inquiry_id": "1234567890", "channel": "inquiry", "subject": "Balls", "posted": posted}
    (found,) = cleaned("inquiries", [row], of)
    assert found["posted_date_local"] == local
    assert found["posted_date_platform"] == platform


@pytest.mark.parametrize(
    "metric",
    ["impressions", "clicks", "visitors", "inquiries", "inquirers", "tm_chatters", "orders",
     "bookmarks", "online_order_usd"],
)  # fmt: skip
@pytest.mark.parametrize("text", ["-", "", None])
def test_a_metric_that_is_not_stated_is_unknown(metric: str, text: str | None) -> None:
    row = {"product_id": "1601740791024", "title": "Soccer Ball", "impressions": "7"}
    found = cleaned("listings", [{**row, metric: text}, {**row, metric: "0"}])  # type: ignore[dict-item]
    assert pd.isna(found[0][metric])
    assert found[1][metric] == 0
