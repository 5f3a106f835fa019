"""Commands for people who look: diff, explain, listings say what files and lake hold."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.command import outlook
from transforms.lake import Lake
from warehouse.build import moved, release
from warehouse.models import PUBLISHED, models
from warehouse.questions import explain, explained

OUTLOOK = str(Path(sys.executable).with_name("outlook"))
WAS, NOW = "2022-06-29", "2022-06-30"
HEAVY = (
    "airflow",
    "altair",
    "jinja2",
    "numpy",
    "pandas",
    "pandera",
    "phonenumbers",
    "pyarrow",
    "rapidfuzz",
    "vl_convert",
    "weasyprint",
    "xlsxwriter",
)
PROGRAM = """
import json, sys
from warehouse.cli import main
try:
    main()
except SystemExit as stop:
    print(json.dumps([stop.code, sorted(m for m in sys.modules if "." not in m)]), file=sys.stderr)
"""


@pytest.fixture
def at_home(versions: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OUTLOOK_HOME", str(versions))
    return versions


def data(*words: str | Path) -> Any:
    done = outlook(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def altered(home: Path, tmp_path: Path, *statements: str) -> Path:
    """A copy of the newest version in which somebody changed something."""
    copy = tmp_path / "altered" / "outlook.duckdb"
    copy.parent.mkdir()
    shutil.copy(home / "published" / NOW / "outlook.duckdb", copy)
    copy.chmod(0o644)
    with duckdb.connect(str(copy)) as db:
        for statement in statements:
            db.execute(statement)
    return copy


@pytest.mark.parametrize(
    ("command", "heavy"),
    [("--help", (*HEAVY, "duckdb")), ("nights", (*HEAVY, "duckdb")), ("status", HEAVY)],
)
def test_a_look_imports_nothing_heavy(command: str, heavy: tuple[str, ...], at_home: Path) -> None:
    """Somebody waits for it: half a second, where every module took two and a half."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, command], capture_output=True, text=True, timeout=120
    )
    code, loaded = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    assert "typer" in loaded
    assert not set(loaded) & set(heavy)


def test_a_version_does_not_differ_from_itself(at_home: Path) -> None:
    found = data("diff", NOW, NOW)
    assert found["headlines"] == []
    assert {t["table"] for t in found["tables"]} == {
        m.table for m in models() if m.schema in PUBLISHED
    }
    assert not [t for t in found["tables"] if t["added"] or t["gone"] or t["changed"]]
    told = outlook("diff", NOW, "latest").stdout
    assert told == "every row is the same\nno headline moved\n"


def test_rows_added_gone_and_changed_are_counted(at_home: Path, tmp_path: Path) -> None:
    """One of each, by hand; a key that is null is a key like others."""
    other = altered(
        at_home,
        tmp_path,
        "DELETE FROM marts.dim_city WHERE city_key = 'daska'",
        "INSERT INTO marts.dim_city (city_key, city) VALUES (NULL, 'Nowhere')",
        "UPDATE marts.dim_city SET province = 'P', district = 'D' WHERE city_key = 'sialkot'",
        "ALTER TABLE marts.dim_category ADD COLUMN colour VARCHAR",
    )
    tables = {t["table"]: t for t in data("diff", NOW, other.parent)["tables"]}
    city, category = tables.pop("marts.dim_city"), tables.pop("marts.dim_category")
    assert (city["added"], city["gone"], city["changed"]) == (1, 1, 1)
    assert city["changed_columns"] == {"district": 1, "province": 1}
    assert (category["columns_new"], category["columns_gone"]) == (["colour"], [])
    assert category["changed"] == 0
    assert not [t for t in tables.values() if t["added"] or t["gone"] or t["changed"]]


def test_every_headline_that_moved_is_named(at_home: Path, tmp_path: Path) -> None:
    other = altered(
        at_home,
        tmp_path,
        "UPDATE report.headline SET value = 7 WHERE edition = 'FY2022' AND metric = 'inquiries'",
        "UPDATE report.headline SET value = NULL, symbol = 'x' "
        "WHERE edition = 'FY2022' AND metric = 'live_listings'",
        "DELETE FROM report.headline WHERE edition = 'CY2022' AND metric = 'paid_sellers'",
        "UPDATE report.headline SET symbol = 'r' "
        "WHERE edition = 'FY2022' AND metric = 'paid_sellers'",
    )
    found = data("diff", NOW, other)["headlines"]
    told = [moved.as_sentence(m) for m in found]
    named = [(m["edition"], m["metric"]) for m in found]
    assert named == [
        ("FY2022", "inquiries"),
        ("FY2022", "live_listings"),
        ("FY2022", "paid_sellers"),
        ("CY2022", "paid_sellers"),
    ]
    assert told[0].endswith(" to 7 [p]")
    assert told[1].endswith(" to not available")
    assert told[2].endswith(" [r]: only its mark changed")
    assert " gone: was " in told[3]


def test_two_nights_differ_by_the_night_between(at_home: Path) -> None:
    tables = {t["table"]: t for t in data("diff", WAS, NOW)["tables"]}
    assert tables["meta.night"]["added"] == 3
    assert tables["meta.night"]["gone"] == tables["meta.night"]["changed"] == 0
    back = {t["table"]: t for t in data("diff", NOW, WAS)["tables"]}
    for name, there in tables.items():
        assert (there["added"], there["gone"]) == (back[name]["gone"], back[name]["added"])
        assert there["changed_columns"] == back[name]["changed_columns"]


def test_what_is_no_version_is_exit_code_2(at_home: Path, tmp_path: Path) -> None:
    done = outlook("diff", NOW, "1999-01-01")
    assert done.returncode == 2
    assert f"there are {WAS}, {NOW}" in done.stderr
    strange = tmp_path / "strange.duckdb"
    strange.write_bytes(b"no database at all" * 1000)
    assert outlook("diff", NOW, strange).returncode == 2


def test_every_published_figure_is_explained(at_home: Path) -> None:
    """Each headline of each edition: the same parts as in the table, with nights and receipts."""
    file = at_home / "published" / "latest" / "outlook.duckdb"
    with duckdb.connect(str(file), read_only=True) as db:
        rows = db.execute(
            "SELECT edition, metric, value, numerator, coverage, symbol FROM report.headline"
        ).fetchall()
        missing = dict(
            db.execute(
                "SELECT edition, missing FROM meta.availability WHERE figure = 'goods_sold_value'"
            ).fetchall()
        )
    assert len(rows) >= 15
    for edition, metric, value, numerator, coverage, symbol in rows:
        found = explain.explain(file, Lake(at_home / "lake"), metric, edition)
        parts = tuple(found[p] for p in ("value", "numerator", "coverage", "symbol"))
        assert parts == (value, numerator, coverage, symbol)
        assert found["definition"] and found["sql"]
        assert found["is_sql_of_the_file"]
        if value is None:
            assert found["missing"] == missing[edition] or metric != "goods_sold_value"
        else:
            assert found["receipts"] and found["nights"]
            assert all(s["sha256"] for r in found["receipts"] for s in r["sources"])


def test_a_figure_with_its_parts_and_last_year(at_home: Path) -> None:
    found = data("explain", "seller_growth.cagr", "--edition", "2022")
    assert found["edition"] == "FY2022"
    assert found["value"] == pytest.approx(found["numerator"] / found["denominator"] - 1)
    nights = [(n["dataset"], n["export_date"], n["is_as_of"]) for n in found["nights"]]
    assert nights == [("sellers", "2021-06-30", False), ("sellers", NOW, True)]
    assert found["previous"]["edition"] == "FY2021"
    assert found["previous"]["value"] is None
    share = data("explain", "report.sellers_by_city.sialkot")
    assert share["value"] == pytest.approx(share["numerator"] / share["denominator"])
    sellers = data("explain", "paid_sellers")
    assert sellers["previous"]["value"] == found["denominator"]
    assert sellers["previous"]["as_of"] == "2021-06-30"
    told = outlook("explain", "goods_sold_value").stdout
    assert "none [x]" in told
    assert "deals close offline" in told


def test_the_figure_of_every_table_is_its_measure_and_not_its_numerator(at_home: Path) -> None:
    """Of a row of every table: the column that holds the figure, by name or as the table's own."""
    file = at_home / "published" / "latest" / "outlook.duckdb"
    lake = Lake(at_home / "lake")
    own = {
        "online_order_coverage": "online_order_coverage",
        "inquiry_rate": "inquiry_rate",
        "inquiry_flow": "inquiries",
        "inquiring_buyers": "buyers",
        "participation_gap": "participation_gap",
        "listing_flow": "listings",
        "listing_stock_by_month": "live_listings",
        "moq_level": "moq_median",
        "price_level": "price_median_usd",
        "sellers_by_city": "share",
        "context": "value",
    }
    more = {
        "moq_level": ("moq_lower_quartile", "moq_upper_quartile"),
        "price_level": ("price_lower_quartile_usd", "price_upper_quartile_usd"),
    }
    for table, measure in own.items():
        key = next(m.key for m in models() if m.table == f"report.{table}")[1:]
        with duckdb.connect(str(file), read_only=True) as db:
            rows = db.execute(
                f"SELECT {', '.join((measure, *more.get(table, ()), *key))} FROM report.{table} "
                f"WHERE edition = 'FY2022' AND {measure} IS NOT NULL LIMIT 3"
            ).fetchall()
        assert rows or table == "participation_gap", table
        for row in rows:
            measures = (measure, *more.get(table, ()))
            figure = ".".join([table, *map(str, row[len(measures) :])])
            found = explain.explain(file, lake, figure, "FY2022")
            assert (found["value"], found["measure"]) == (row[0], measure), figure
            for name, value in zip(measures, row, strict=False):
                named = explain.explain(file, lake, f"{figure}.{name}", "FY2022")
                assert (named["value"], named["measure"]) == (value, name), figure


def test_only_a_rate_of_growth_starts_from_a_night(at_home: Path) -> None:
    """The first day of a span, a window or a cohort is no night that anything rests on."""
    for figure in (
        "inquiry_flow.year.2021-07-01.inquiries",
        "response_rate.pooled",
        "seller_flow.retention",
        "seller_growth.paid_sellers",
    ):
        assert all(n["is_as_of"] for n in data("explain", figure)["nights"]), figure
    nights = data("explain", "seller_growth.yoy_growth")["nights"]
    assert [n["is_as_of"] for n in nights] == [False, True]


@pytest.mark.parametrize(
    ("figure", "datasets"),
    [
        ("concentration.city.hhi", {"sellers"}),
        ("concentration.category.top3_share", {"sellers", "listings"}),
        ("listing_stock.live_listings", {"sellers", "listings"}),
        ("listing_stock_by_month.2022-06-01", {"sellers", "listings"}),
    ],
)
def test_every_table_names_its_nights(figure: str, datasets: set[str], at_home: Path) -> None:
    found = data("explain", figure)
    assert {n["dataset"] for n in found["nights"]} >= datasets
    assert {r["dataset"] for r in found["receipts"]} >= datasets


def test_a_claim_names_the_figure_that_it_is_held_to(at_home: Path) -> None:
    file = at_home / "published" / "latest" / "outlook.duckdb"
    with duckdb.connect(str(file), read_only=True) as db:
        claims = db.execute(
            "SELECT edition, claim, value FROM report.context WHERE value IS NOT NULL"
        ).fetchall()
    assert claims
    for edition, claim, value in claims:
        lake = Lake(at_home / "lake")
        found = explain.explain(file, lake, f"context.{claim}", edition)
        assert explain.explain(file, lake, found["rests_on"], edition)["value"] == value
        assert any("rests on " in line for line in explained.as_lines(found))


def test_a_withheld_cell_says_why(at_home: Path) -> None:
    file = at_home / "published" / "latest" / "outlook.duckdb"
    with duckdb.connect(str(file), read_only=True) as db:
        cell = db.execute(
            "SELECT city_key FROM report.sellers_by_city "
            "WHERE edition = 'FY2022' AND symbol = 'c' AND city_key <> 'not_available'"
        ).fetchone()
    assert cell is not None
    told = outlook("explain", f"sellers_by_city.{cell[0]}").stdout
    assert "none [c]" in told
    assert "withheld     fewer than 5 sellers, or it would disclose such a cell" in told
    assert "FY2021: none [x]" in outlook("explain", "seller_growth.cagr").stdout


def test_a_flow_says_how_many_deliveries_it_rests_on(at_home: Path) -> None:
    """Thirteen months and two nights were delivered; a census that is held does not count."""
    lake = Lake(at_home / "lake")
    good = [r for r in lake.receipts("listings") if r.status == "ok"]
    ever = f"and {len(good) - 1} earlier deliveries: `outlook nights`"
    assert ever in outlook("explain", "listings_ever").stdout
    assert "earlier deliveries" in outlook("explain", "inquiries").stdout
    assert "earlier deliveries" in outlook("explain", "seller_flow.new_sellers").stdout
    for stock in ("paid_sellers", "live_listings", "seller_growth.cagr"):
        assert "earlier deliveries" not in outlook("explain", stock).stdout


def test_the_sql_is_shown_line_by_line(at_home: Path) -> None:
    told = outlook("explain", "paid_sellers").stdout
    assert "\\x0a" not in told
    assert len(told.split("\n\n", 1)[1].splitlines()) > 5


def test_the_sql_says_what_of_it_is_not_in_the_file(at_home: Path) -> None:
    line = "the build makes staging.*, disclosure.*, lake.* and macros such as shown()"
    assert line in outlook("explain", "paid_sellers").stdout
    assert line not in outlook("explain", "listing_stock.live_listings").stdout


def test_a_key_that_is_none_is_answered_with_keys(at_home: Path) -> None:
    told = outlook("explain", "sellers_by_city.atlantis").stderr
    assert "Keys: " in told and "sialkot" in told
    told = outlook("explain", "inquiry_flow.week.1999-01-01").stderr
    assert told.count("week.") + told.count("month.") + told.count("year.") <= 13
    assert " more" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("turnover",), "Headline figures: goods_sold_value"),
        (("sellers_by_city",), "Write sellers_by_city.<city_key>"),
        (("seller_growth",), "Write seller_growth.<one of paid_sellers, yoy_growth, cagr>"),
        (("seller_growth.speed",), "Write seller_growth"),
        (("inquiring_buyers.year.2021-07-01.inquiries",), "Write inquiring_buyers"),
        (("sellers_by_city.atlantis",), "is not a figure"),
        (("paid_sellers", "--edition", "FY1999"), "FY2022"),
    ],
)
def test_what_is_no_figure_is_exit_code_2(words: tuple[str, ...], told: str, at_home: Path) -> None:
    done = outlook("explain", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


def test_nothing_published_is_exit_code_3(home: Path) -> None:
    assert outlook("explain", "paid_sellers").returncode == 3
    assert outlook("listings", "--as-of", NOW).returncode == 3


def test_listings_as_they_stood(at_home: Path, tmp_path: Path) -> None:
    """The same rows as CSV, as JSON and as a file, those that the receipt of the night counts."""
    lake = Lake(at_home / "lake")
    receipts = [r for r in lake.receipts("listings") if r.status == "ok"]
    assert len(receipts) > 7
    held = [r.export_date for r in lake.receipts("listings") if r.status == "held"]
    assert held, "no night is held: nothing was tried"
    before = max(r.export_date for r in receipts if r.export_date < held[0])
    done = outlook("listings", "--as-of", f"{held[0]}")
    assert done.returncode == 0
    assert f"as of {before}" in done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    count = next(r for r in receipts if r.export_date == before).rows.accepted
    assert len(rows) == count
    assert {r["snapshot_date"] for r in rows} == {f"{before}"}
    assert len({r["product_id"] for r in rows}) == count
    as_json = data("listings", "--as-of", f"{held[0]}")
    assert [r["product_id"] for r in as_json] == [r["product_id"] for r in rows]
    for name in ("listings.parquet", "listings.csv", "listings.json"):
        to = tmp_path / name
        assert outlook("listings", "--as-of", f"{held[0]}", "--to", to).returncode == 0
    table = pq.read_table(tmp_path / "listings.parquet")
    assert table["product_id"].to_pylist() == [r["product_id"] for r in rows]
    with (tmp_path / "listings.csv").open(encoding="utf-8", newline="") as file:
        assert [r["product_id"] for r in csv.DictReader(file)] == table["product_id"].to_pylist()
    assert len(json.loads((tmp_path / "listings.json").read_text("utf-8"))) == count


def test_a_reader_who_has_seen_enough_is_no_error(at_home: Path) -> None:
    done = subprocess.run(
        f"{OUTLOOK} listings --as-of {NOW} | head -2", shell=True, capture_output=True, text=True
    )
    assert len(done.stdout.splitlines()) == 2
    assert "Error" not in done.stderr


@pytest.mark.parametrize("words", [("--as-of", "1999-01-01"), ("--as-of", NOW, "--to", "x.xlsx")])
def test_listings_that_cannot_be_given(words: tuple[str, ...], at_home: Path) -> None:
    done = outlook("listings", *words)
    assert done.returncode == (3 if "1999" in words[1] else 2)
    assert done.stdout == ""


@pytest.mark.parametrize("words", [("listings", "--as-of", NOW), ("rejected",)])
def test_a_file_that_cannot_be_written_is_exit_code_2(
    words: tuple[str, ...], at_home: Path, tmp_path: Path
) -> None:
    for to in (tmp_path / "nowhere" / "x.csv", tmp_path):
        done = outlook(*words, "--to", to)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert "listings as of" not in done.stderr


def test_an_older_version_than_there_is_names_the_oldest(at_home: Path) -> None:
    done = outlook("report", "2022", "--as-of", "2020-01-01")
    assert done.returncode == 3
    assert f"the oldest has data to {WAS}" in done.stderr


def test_an_edition_that_nobody_froze_is_answered_with_those_there_are(at_home: Path) -> None:
    done = outlook("prove", "2050")
    assert done.returncode == 2
    assert "FY2022" in done.stderr


def test_what_is_new_counts_one_figure_as_one(
    at_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = at_home / "published" / WAS / "outlook.duckdb"
    now = at_home / "published" / NOW / "outlook.duckdb"
    with duckdb.connect() as db:
        db.execute(f"ATTACH '{now}' AS outlook (READ_ONLY)")
        db.execute("USE outlook")
        monkeypatch.setattr(release, "TOLD", 7)
        assert "; 1 more headline figure moved." in release.what_is_new(db, before)


@pytest.mark.parametrize("words", [("nights",), ("nights", "--json"), ("status",)])
def test_nobody_who_reads_on_is_no_failure(words: tuple[str, ...], at_home: Path) -> None:
    """As under `| head`, but closed before the first line, so that it is no matter of time."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [OUTLOOK, *words], stdout=write, stderr=subprocess.PIPE, text=True, timeout=120
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
