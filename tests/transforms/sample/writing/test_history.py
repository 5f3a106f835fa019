"""Deliveries on disk: the same every time, counted right, and told right by their truth."""

import hashlib
import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.transforms.sample.found import (
    Found,
    dataset,
    delivered,
    delivery,
    facts_of,
    found_in,
    table,
    truth_of,
)
from transforms.sample import write_sample

PAID = ("Gold Supplier", "Global Gold Supplier", "Verified Supplier", "Verified Pro")


@pytest.fixture(scope="module")
def nightly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nightly")
    write_sample(folder, date(2022, 6, 1), date(2022, 6, 30), scale=0.02)
    return folder


@pytest.fixture(scope="module")
def monthly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("monthly")
    write_sample(folder, date(2017, 7, 1), date(2022, 6, 30), scale=0.05, every="month")
    return folder


@pytest.fixture(scope="module")
def indian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("indian")
    months = date(2021, 4, 1), date(2022, 3, 31)
    write_sample(folder, *months, scale=0.06, every="month", market="IN")
    return folder


@pytest.fixture(params=["nightly", "monthly", "indian"])
def sample(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
    return folder


@pytest.fixture
def files_of(sample: Path) -> Found:
    return found_in(sample)


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_rows_are_accounted_for(files_of: Found, sample: Path) -> None:
    for night, name, counts in delivered(truth_of(sample)):
        if counts["status"] == "missing":
            assert counts["in"] is None
            assert not list(delivery(sample, night).glob(f"{name}*"))
            continue
        rows, good, bad = files_of.counts[night, name]
        assert counts["in"] == counts["accepted"] + counts["rejected"] + counts["duplicate"]
        assert counts["in"] == rows != 2000
        assert counts["accepted"] == good
        assert counts["rejected"] == bad <= 0.015 * rows


def test_incidents_happen_where_they_may(sample: Path) -> None:
    nights = truth_of(sample)["nights"]
    statuses = Counter(
        (counts["status"], name) for _, name, counts in delivered({"nights": nights})
    )
    assert statuses["missing", "listings"] == 1 and statuses["missing", "inquiries"] == 2
    assert statuses["late", "sellers"] == 2 and statuses["held", "listings"] == 1
    assert len(list(sample.glob("*.r2"))) == 1
    spared = [n for n in nights if n[5:] in (facts_of(sample).closes[5:], "12-31")]
    assert spared
    assert all(c["status"] == "ok" for n in spared for c in nights[n].values())


def test_a_revision_replaces_what_was_wrong(sample: Path) -> None:
    (right,) = sample.glob("*.r2")
    wrong = right.with_suffix("")
    told = [json.loads((folder / "manifest.json").read_text()) for folder in (wrong, right)]
    assert told[0]["exported_at"] < told[1]["exported_at"]
    before, after = (
        {row["Product ID"]: row for path in folder.glob("listings*") for row in table(path)}
        for folder in (wrong, right)
    )
    assert set(after) - set(before)
    assert any(before[key]["Price"] != after[key]["Price"] for key in set(before) & set(after))


def test_manifests_are_met(sample: Path) -> None:
    nights = truth_of(sample)["nights"]
    told = list(sample.glob("*/manifest.json"))
    assert 0.4 < len(told) / len(nights) < 0.95
    for path in told:
        rows: Counter[str] = Counter()
        for file in json.loads(path.read_text("utf-8"))["files"]:
            data = (path.parent / file["name"]).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
            rows[file["dataset"]] += file["rows"]
        if path.parent == delivery(sample, path.parent.name[:10]):
            night = nights[path.parent.name[:10]]
            assert all(night[name]["in"] == (rows[name] or None) for name in night)


def test_only_the_truncated_night_trips_a_gate(sample: Path) -> None:
    truth = truth_of(sample)
    good: dict[str, list[int]] = defaultdict(list)
    same_weekday: dict[int, list[float]] = defaultdict(list)
    before: date | None = None
    for night in sorted(truth["nights"]):
        day, counts = date.fromisoformat(night), truth["nights"][night]
        for name in ("sellers", "listings"):
            rows = counts[name]["accepted"]
            if rows is None:
                continue
            usual = median(good[name][-14:]) if len(good[name]) >= 3 else None
            held = usual is not None and not 0.9 * usual <= rows <= 2 * usual
            assert held == (counts[name]["status"] == "held"), (night, name)
            if not held:
                good[name].append(rows)
        if before and counts["inquiries"]["accepted"] is not None:
            a_day = counts["inquiries"]["accepted"] / (day - before).days
            others = same_weekday[day.weekday()]
            assert not others or a_day >= 0.5 * median(others), night
            others.append(a_day)
        before = day


def test_every_damage_is_met(nightly: Path) -> None:
    found: Counter[str] = Counter()
    for night in truth_of(nightly)["nights"]:
        if not delivery(nightly, night).is_dir():
            continue
        for row in dataset(nightly, night, "sellers")[0]:
            found["seller ragged"] += "Phone" not in row
            found["seller no id"] += row["Member ID"] + row["Store Link"] == ""
            found["seller bad id"] += row["Member ID"] == "??bad id??" and row["Store Link"] == ""
            found["years"] += row["Years"] == "many"
        for row in dataset(nightly, night, "listings")[0]:
            found["listing ragged"] += "Bookmarks" not in row
            found["listing no id"] += row["Product ID"] == ""
            found["letters"] += row["Product ID"] == "12AB"
            found["five digits"] += len(row["Product ID"]) == 5
            found["no title"] += row["Title"] == ""
            found["short title"] += len(row["Title"]) == 2
            found["call us"] += row["Price"] == "call us"
            found["ask price"] += row["Price"] == "Ask Price"
            found["unknown category"] += row["Category ID"] == "999999999"
    assert min(found.values()) > 0, found


def test_some_countries_and_places_are_unknown(monthly: Path) -> None:
    rows = dataset(monthly, "2022-06-30", "sellers")[1]
    assert {"Atlantis", "China", "PK", "pakistan"} <= {row["Country/Region"] for row in rows}
    cities = {row["City"] for row in rows}
    assert "" in cities and "sialkot" in cities and "  Sialkot " in cities
    assert "Sialkot, Punjab, Pakistan" in cities
    assert any(city.startswith("SIALKOT-") for city in cities)


def test_late_replies_are_delivered_again(nightly: Path) -> None:
    seen: dict[str, tuple[str, Any]] = {}
    again = 0
    for night in sorted(truth_of(nightly)["nights"]):
        if not (delivery(nightly, night) / "inquiries.json").is_file():
            continue
        for row in dataset(nightly, night, "inquiries")[1]:
            if row["inquiry_id"] in seen:
                again += 1
                received, replied = seen[row["inquiry_id"]]
                assert replied is None and row["first_reply_at"] is not None
                assert row["received_at"] == received
            seen[row["inquiry_id"]] = (row["received_at"], row["first_reply_at"])
    assert again > 5


def test_truth_agrees_with_the_files(files_of: Found, sample: Path) -> None:
    """A few totals, counted from the files alone."""
    of = {
        row["metric"]: row
        for row in truth_of(sample)["report"]["headline"]
        if row["edition"] == "FY2022"
    }
    facts = facts_of(sample)
    last = facts.closes
    ours = {s for s, text in files_of.countries.items() if text in facts.names}
    paid = [
        row
        for row in files_of.last["sellers"]
        if row["Member ID"] in ours
        and row["Membership"] in PAID
        and row["Paid From"] <= last <= row["Paid To"]
    ]
    live = [
        row
        for row in files_of.last["listings"]
        if row["Status"] == "approved" and row["Display"] == "Y"
    ]
    assert {row["as_of"] for row in of.values()} == {last}
    assert of["paid_sellers"]["value"] == len(paid)
    assert of["live_listings"]["value"] == sum(row["Member ID"] in ours for row in live)
    known = {s for s, text in files_of.countries.items() if text != "Atlantis"}
    share = sum(row["Member ID"] in known for row in live) / len(live)
    assert of["live_listings"]["coverage"] == round(share, 9)
    made_by = files_of.first_seen.values()
    assert of["listings_ever"]["value"] == sum(seller in ours for seller in made_by)
    assert of["goods_sold_value"]["value"] is None
    asked = [
        row
        for row in files_of.inquiries.values()
        if row["channel"] == "inquiry" and not row["is_spam"] and row["member_id"] in ours
    ]
    instants = [row["received_at"] for row in asked if row["received_at"] != "not a date"]
    days = [facts.local_day(instant) for instant in instants]
    assert of["inquiries"]["value"] == sum(facts.opens <= day <= last for day in days)


def test_report_rows_are_whole(sample: Path) -> None:
    head = ["edition", "year_basis", "year", "as_of", "period_from", "period_to", "is_partial"]
    report = truth_of(sample)["report"]
    assert {row["edition"] for row in report["headline"]} >= {"FY2022", "CY2022"}
    for name, rows in report.items():
        assert rows or name == "rfq_demand_by_week"  # the sample has no requests
        for row in rows:
            assert list(row)[: len(head)] == head
            if row.get("symbol") in ("c", "x"):
                assert row["numerator"] is None
                assert row.get("share", row.get("value")) is None
    for name in ("sellers_by_city", "listings_by_category", "inquiries_by_country"):
        withheld = Counter(row["edition"] for row in report[name] if row["symbol"] == "c")
        kept = Counter(row["edition"] for row in report[name] if row["symbol"] != "c")
        assert all(count > 1 or not kept[e] for e, count in withheld.items()), name


def test_same_bytes_twice(tmp_path: Path) -> None:
    first, last = date(2022, 6, 17), date(2022, 6, 30)
    for name in ("a", "b"):
        write_sample(tmp_path / name, first, last, scale=0.02, seed=5)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    write_sample(tmp_path / "c", first, last, scale=0.02, seed=6)
    assert hashes(tmp_path / "a") != hashes(tmp_path / "c")


def test_a_second_range_leaves_the_first_as_it_was(tmp_path: Path) -> None:
    months = (date(2021, 7, 1), date(2022, 5, 31))
    write_sample(tmp_path, *months, scale=0.02, every="month")
    before = hashes(tmp_path)
    told: list[tuple[int, int]] = []
    write_sample(
        tmp_path,
        date(2022, 6, 24),
        date(2022, 6, 30),
        scale=0.02,
        progress=lambda done, of: told.append((done, of)),
    )
    after = hashes(tmp_path)
    assert told == [(n, 7) for n in range(1, 8)]
    of_both = ("calendar.json", "sample.json")
    assert {k: v for k, v in after.items() if k in before and k not in of_both} == {
        k: v for k, v in before.items() if k not in of_both
    }
    assert json.loads((tmp_path / "calendar.json").read_text()) == [
        {"from": "2021-07-01", "to": "2022-05-31", "every": "month"},
        {"from": "2022-06-24", "to": "2022-06-30", "every": "night"},
    ]
    assert len(truth_of(tmp_path)["nights"]) == 11 + 7
    write_sample(tmp_path, *months, scale=0.02, every="month")
    assert hashes(tmp_path) == after


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    june = (date(2022, 6, 24), date(2022, 6, 30))
    write_sample(tmp_path, *june, scale=0.005)
    with pytest.raises(ValueError, match="seed 1, not 2"):
        write_sample(tmp_path, *june, scale=0.005, seed=2)
    with pytest.raises(ValueError, match="scale"):
        write_sample(tmp_path, *june, scale=0.01)
    with pytest.raises(ValueError, match="before the end of an earlier one"):
        write_sample(tmp_path, date(2022, 6, 30), date(2022, 7, 3), scale=0.005)
    with pytest.raises(ValueError, match="every"):
        write_sample(tmp_path, *june, scale=0.005, every="hour")
    with pytest.raises(ValueError, match="no delivery is due"):
        write_sample(tmp_path, date(2022, 7, 1), date(2022, 7, 5), scale=0.005, every="month")
    with pytest.raises(ValueError, match="no sample universe"):
        write_sample(tmp_path / "new", *june, market="XX")
    with pytest.raises(ValueError, match="nights from"):
        write_sample(tmp_path / "new", date(2012, 1, 1), date(2012, 1, 2))


def test_weeks_are_due_on_sundays(tmp_path: Path) -> None:
    write_sample(tmp_path, date(2022, 5, 30), date(2022, 6, 30), scale=0.01, every="week")
    nights = sorted(truth_of(tmp_path)["nights"])
    assert nights == ["2022-06-05", "2022-06-12", "2022-06-19", "2022-06-26"]
    days = {
        row["received_at"][:10]
        for row in table(tmp_path / nights[0] / "inquiries.json")
        if row["received_at"].endswith("+05:00")
    }
    assert min(days) >= f"{date(2022, 6, 5) - timedelta(6)}" and max(days) <= nights[0]
