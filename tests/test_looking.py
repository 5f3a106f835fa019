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
from transforms import engine
from transforms.lake import Lake
from transforms.settings import settings
from warehouse.build import moved, release
from warehouse.editions import freeze
from warehouse.models import PUBLISHED, models
from warehouse.questions import explain, explained
from warehouse.questions.figure import PARTS, measures

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
    assert told == "no headline moved\nevery row is the same\n"


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


def test_what_moved_is_told_first_and_marks_and_dates_in_one_line(
    at_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # it makes a pipe a terminal of that width
    other = altered(
        at_home,
        tmp_path,
        "UPDATE report.headline SET value = value + 7.5 "
        "WHERE edition = 'FY2022' AND metric = 'inquiries'",
        "UPDATE report.seller_growth SET as_of = as_of - 1, cagr_symbol = 'r'",
        "UPDATE report.seller_flow SET opened_on = DATE '2021-06-01', churned_sellers = 99 "
        "WHERE edition = 'FY2022'",
    )
    told = outlook("diff", NOW, other).stdout.splitlines()
    [title, head, moved_line, tables, *rest] = told
    assert title.endswith(": headlines") and tables.endswith(": rows by the key of each table")
    assert head.split() == ["edition", "headline", "was", "now", "difference"]
    was, mark, now, also, difference = moved_line.split()[2:]
    assert (mark, also, difference) == ("[p]", "[p]", "7.5")
    assert float(now.replace(",", "")) - float(was.replace(",", "")) == 7.5
    assert [line.split()[0] for line in rest[1:-1]] == ["report.headline", "report.seller_flow"]
    assert rest[2].split()[1:] == ["0", "0", "1", "churned_sellers", "(1)"]
    found = data("diff", NOW, other)
    growth = next(t for t in found["tables"] if t["table"] == "report.seller_growth")
    rows = growth["changed"]
    assert (growth["changed_values"], growth["changed_columns"]["as_of"]) == (0, rows)
    assert (growth["marks"], growth["dates"]) == (["cagr_symbol"], ["as_of"])
    marks, dates = growth["changed_columns"]["cagr_symbol"], rows + 1
    assert rest[-1] == (
        f"also changed: marks in {marks} cells of 1 tables and dates in {dates} cells of 2 tables "
        "(--json lists them)"
    )
    assert [h["difference"] for h in found["headlines"]] == [7.5]


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


def test_the_sql_is_of_the_one_figure_and_gives_it(at_home: Path) -> None:
    """Of every headline of every edition, and of every measure of the tables with several: in the
    published file as it is shown, and in the build."""
    file, lake = at_home / "published" / "latest" / "outlook.duckdb", Lake(at_home / "lake")
    with duckdb.connect(str(file), read_only=True) as db:
        known = db.execute("SELECT edition, metric FROM report.headline").fetchall()
        metrics = {metric for _, metric in known}
        for model in (m for m in models() if m.schema == "report" and m.key == ("edition",)):
            named, has_parts = measures(db, model)
            known += [("FY2022", f"{model.name}.{m}") for m in named if has_parts]
    assert len(known) > 25
    with duckdb.connect(str(file), read_only=True) as db, freeze.computed(settings()) as build:
        for edition, name in known:
            found = explain.explain(file, lake, name, edition)
            [shown] = engine.rows(db, found["sql"])
            assert {p: found[p] for p in PARTS} == {
                p: shown.get(f"{found['measure']}_{p}", shown.get(p)) for p in PARTS
            }
            assert shown[found["measure"]] == found["value"]
            made = [r for r in engine.rows(build, found["build_sql"]) if r["edition"] == edition]
            assert len(made) == 1, name
            assert made[0][found["measure"]] == found["value"], name
            if name in metrics:
                others = metrics - {name, "goods_sold_value"}
                assert name == "goods_sold_value" or not [
                    o for o in others if f"'{o}'" in found["build_sql"]
                ]
    one = data("explain", "seller_growth.cagr")["build_sql"]
    assert "AS cagr," in one and "AS yoy_growth" not in one


def test_a_flow_names_every_night_behind_it(at_home: Path) -> None:
    """The nights as meta.night has them, those that do not count among them, and their receipts."""
    file = at_home / "published" / "latest" / "outlook.duckdb"
    with duckdb.connect(str(file), read_only=True) as db:
        due = db.execute(
            "SELECT export_date::VARCHAR, is_good FROM meta.night WHERE dataset = 'inquiries' "
            "AND export_date BETWEEN '2021-07-01' AND '2022-06-30' ORDER BY 1"
        ).fetchall()
    good = [night for night, is_good in due if is_good]
    found = data("explain", "inquiries", "--edition", "FY2022")
    (night,) = (n for n in found["nights"] if n["dataset"] == "inquiries")
    assert [*night["earlier_nights"], night["export_date"]] == good
    assert [n["export_date"] for n in night["left_out"]] == [n for n, is_good in due if not is_good]
    receipts = [r["export_date"] for r in found["receipts"] if r["dataset"] == "inquiries"]
    assert receipts == good and len(good) > 10
    told = outlook("explain", "inquiries", "--edition", "FY2022").stdout
    assert f"{len(good)} nights behind it, {good[0]} to {good[-1]}" in told
    for left in night["left_out"]:
        assert f"without {left['export_date']}: {left['status']}" in told
    (stock,) = (n for n in data("explain", "paid_sellers")["nights"])
    assert stock["earlier_nights"] is stock["left_out"] is None


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
        "inquiry_year": "inquiries",
        "inquiry_month": "inquiries",
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
        "inquiry_year.inquiries",
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
    told = outlook("explain", "inquiry_month.1999-01-01").stderr
    assert told.count("-01,") + told.count("-01 and") == 12
    assert " more" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("turnover",), "Headline figures: goods_sold_value"),
        (("sellers_by_city",), "Write sellers_by_city.<city_key>"),
        (("seller_growth",), "Write seller_growth.<one of paid_sellers, yoy_growth, cagr>"),
        (("seller_growth.speed",), "Write seller_growth"),
        (("inquiring_buyers.inquiries",), "Write inquiring_buyers"),
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


def test_revisions_are_a_triangle_or_every_version_of_an_edition(at_home: Path) -> None:
    found = data("revisions", "paid_sellers", "--edition", "FY2022")["vintages"]
    assert [row["export_date"] for row in found] == [WAS, NOW]
    assert found[-1]["value"] == data("explain", "paid_sellers", "--edition", "FY2022")["value"]
    told = data("revisions", "paid_sellers")
    assert {row["edition"] for row in told["vintages"]} == {"FY2021", "FY2022", "CY2021", "CY2022"}
    assert set(told["first_figures"]) == {"fiscal", "calendar"}
    done = subprocess.run(
        [OUTLOOK, "revisions", "paid_sellers"],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "so many months after the end of the year" in lines[0]
    assert max(map(len, (line for line in lines if line[0] in "┏┃┡│└"))) <= 80
    assert any(line.startswith("│ FY2022") for line in lines)


def test_revisions_of_an_unknown_metric_name_the_nearest(at_home: Path) -> None:
    done = outlook("revisions", "paid_seler")
    assert done.returncode == 2
    assert "Nearest: paid_sellers" in done.stderr
