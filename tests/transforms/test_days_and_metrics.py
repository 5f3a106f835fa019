"""Boundaries: the day of an instant, a number that nobody stated, the last value that fits."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.transforms.typed import frame
from transforms import night
from transforms.clean import CLEANERS, Context, evidence
from transforms.deliveries import exports
from transforms.fields.price import price
from transforms.lake import gates
from transforms.lake.receipt import Rows, Source, new_receipt
from transforms.markets import market
from transforms.sample import write_sample
from transforms.settings import settings
from transforms.sources.local import Local


def cleaned(dataset: str, rows: list[dict[str, str]], of: str = "PK") -> list[dict[str, Any]]:
    context = Context(date(2022, 7, 2), market(of), b"key")
    found = frame(CLEANERS[dataset](pd.DataFrame(rows, dtype="str"), context).rows)
    return [{str(k): v for k, v in row.items()} for row in found.to_dict("records")]


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
    [
        "impressions",
        "clicks",
        "visitors",
        "inquiries",
        "inquirers",
        "tm_chatters",
        "orders",
        "bookmarks",
        "online_order_usd",
    ],
)
@pytest.mark.parametrize("text", ["-", "", None])
def test_a_metric_that_is_not_stated_is_unknown(metric: str, text: str | None) -> None:
    row = {"product_id": "1601740791024", "title": "Soccer Ball", "impressions": "7"}
    found = cleaned("listings", [{**row, metric: text}, {**row, metric: "0"}])  # type: ignore[dict-item]
    assert pd.isna(found[0][metric])
    assert found[1][metric] == 0


@pytest.mark.parametrize(("rejected", "is_held"), [(50, False), (51, True)])
def test_a_night_is_held_above_the_share_that_is_allowed(rejected: int, is_held: bool) -> None:
    receipt = replace(
        new_receipt("listings", date(2022, 6, 30)),
        rows=Rows(1_000, 1_000 - rejected, rejected, 0),
        reasons={"title: missing": rejected},
        sources=(Source("listings.csv", 9, "x", "x", 1_000, {}),),
        extent="census",
        content="x",
    )
    assert (gates.judge(receipt, (), 1, None, {}).reason is not None) is is_held


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("12/05/2022", {}),
        ("05/12/2022", {}),
        ("12/12/2022", {}),
        ("13/12/2022", "day"),
        ("12/13/2022", "month"),
    ],
)
def test_the_twelfth_may_be_a_month(written: str, first: str | dict[str, str]) -> None:
    found = evidence.Evidence("inquiries")
    found.add(pd.DataFrame({"posted": [written]}, dtype="str"))
    decided = found.decided()
    assert (decided.get("posted", {}) or {}) == first


@pytest.mark.parametrize(
    ("scraped", "day"),
    [
        ("20 Jun 2022", date(2022, 6, 15)),
        ("Jun 20, 2022", date(2022, 6, 15)),
        ("June 20, 2022 10:30", date(2022, 6, 15)),
        ("June 20, 2022 10:30 PKT", date(2022, 6, 15)),  # of an unknown zone the day alone
        ("Mon Jun 20 2022", date(2022, 6, 15)),
        ("2022-06-20 10:30:00", date(2022, 6, 15)),
        ("20220620103000Z", date(2022, 6, 15)),
        ("1655721000000", date(2022, 6, 15)),
        (None, date(2022, 6, 27)),  # the night is that of 2 July
        ("-", date(2022, 6, 27)),
        ("lately", None),
        ("03/04/2022", None),
        ("2022-06-20 to 2022-06-27", None),
    ],
)
def test_days_are_counted_from_when_the_export_was_taken(
    scraped: str | None, day: date | None
) -> None:
    row = {"inquiry_id": "1234567890", "channel": "inquiry", "subject": "Balls"}
    ago = {**row, "posted": "5 days ago", "scraped": scraped}
    stated = {**row, "posted": "2022-06-01", "scraped": scraped}
    found, other = cleaned("inquiries", [ago, stated])  # type: ignore[list-item]
    assert (None if pd.isna(found["posted_at"]) else found["posted_date_local"]) == day
    assert other["posted_date_local"] == date(2022, 6, 1)


def test_an_export_taken_at_midnight_names_its_day_alone() -> None:
    row = {"inquiry_id": "1234567890", "channel": "inquiry", "subject": "Balls"}
    for scraped, precision in (("2022-06-20T00:00:00Z", "day"), ("2022-06-20T00:01:00Z", "hour")):
        (found,) = cleaned("inquiries", [{**row, "posted": "3 hours ago", "scraped": scraped}])
        assert found["posted_at_precision"] == precision


@pytest.mark.parametrize(
    ("quantity", "apart", "unit", "base"),
    [
        ("100", "kg", "kilogram", 100),
        ("100 Pieces", None, "piece", 100),
        ("100 Pieces", "-", "piece", 100),
        ("100 pcs", "Piece/Pieces", "piece", 100),
        ("100 Kilograms", "Pieces", None, None),
        ("100 Pieces", "Dozen", None, None),
        ("100 Pieces", "zorkmids", None, None),
    ],
)
def test_of_two_units_that_differ_neither_is_kept(
    quantity: str, apart: str | None, unit: str | None, base: int | None
) -> None:
    row = {"inquiry_id": "1234567890", "channel": "rfq", "subject": "Balls"}
    raw = pd.DataFrame([{**row, "quantity": quantity, "quantity_unit": apart}], dtype="str")
    found = CLEANERS["inquiries"](raw, Context(date(2022, 7, 2), market("PK"), b"key"))
    got = frame(found.rows)[["quantity", "quantity_unit", "quantity_base"]].astype(object)
    assert got.where(got.notna(), None).to_numpy().tolist() == [[100, unit, base]]
    assert len(found.problems) == (unit is None)


@pytest.mark.parametrize(
    ("price_", "apart", "unit", "reasons"),
    [
        ("$5", "Dozen", "dozen", []),
        ("$5/Piece", None, "piece", []),
        ("$5/Piece", "pieces", "piece", []),
        ("$5/Piece", "Dozen", None, ["two units"]),
    ],
)
def test_a_price_is_of_the_unit_that_either_cell_states(
    price_: str, apart: str | None, unit: str | None, reasons: list[str]
) -> None:
    row = {"product_id": "1601740791024", "title": "Ball", "price": price_, "price_unit": apart}
    raw = pd.DataFrame([row], dtype="str")
    found = CLEANERS["listings"](raw, Context(date(2022, 7, 2), market("PK"), b"key"))
    (got,) = frame(found.rows).to_dict("records")
    assert (None if pd.isna(got["price_unit"]) else got["price_unit"]) == unit
    assert got["price_min"] == 5
    assert found.problems["reason"].tolist() == reasons


def test_a_title_as_long_as_the_marketplace_allows_is_not_long() -> None:
    row = {"product_id": "1601740791024"}
    for length, count in ((128, 0), (129, 1)):
        raw = pd.DataFrame([{**row, "title": "x" * length}], dtype="str")
        found = CLEANERS["listings"](raw, Context(date(2022, 7, 2), market("PK"), b"key"))
        assert found.warnings["long_title", "title"] == count


def test_the_highest_price_of_a_ladder_of_ranges_is_its_highest_end() -> None:
    found = price("['$4.00-5.00', '$2.00-3.00']")
    assert found.low == 2 and found.high == 5


@pytest.mark.parametrize(
    ("exported_at", "is_late"),
    [("2022-07-01T18:59:59+00:00", False), ("2022-07-01T19:00:00+00:00", True)],
)
def test_a_night_is_late_from_the_midnight_after_its_day_of_grace(
    exported_at: str, is_late: bool, home: Path
) -> None:
    """The night of 30 June may be delivered until 1 July ends in Karachi."""
    night_ = date(2022, 6, 30)
    write_sample(home / "exports", night_, night_, scale=0.005)
    path = home / "exports" / f"{night_}" / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**manifest, "exported_at": exported_at}), "utf-8")
    receipt = night.load("sellers", night_, settings(), dry_run=True)
    assert receipt.is_late is is_late


def test_a_calendar_of_months_makes_the_last_day_of_each_due(tmp_path: Path) -> None:
    stretch = [{"from": "2022-01-01", "to": "2022-12-31", "every": "month"}]
    (tmp_path / "calendar.json").write_text(json.dumps(stretch), "utf-8")
    due = exports.due_nights(Local(tmp_path), date(2022, 1, 15), date(2022, 4, 30))
    assert due == [date(2022, 1, 31), date(2022, 2, 28), date(2022, 3, 31), date(2022, 4, 30)]
