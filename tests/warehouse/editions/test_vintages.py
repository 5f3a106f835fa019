"""Vintages: what each version told stays known, and what is withheld is withheld in all of them.

Versions are made up: files with a headline, the tables that withhold something, and manifests.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from transforms import engine
from transforms.errors import SettingsError
from transforms.storage import sha256, write_json
from warehouse import versions
from warehouse.editions import vintages
from warehouse.page.vintages import as_sentence, first_figures
from warehouse.questions.vintages import of_metric, triangle

MADE = datetime(2026, 1, 1, tzinfo=UTC)
END = date(2022, 6, 30)
Headline = tuple[str, str, date | None, float | None, str | None]
TABLES = (
    "CREATE TABLE report.headline (edition VARCHAR, metric VARCHAR, as_of DATE, value DOUBLE, "
    "numerator BIGINT, denominator BIGINT, coverage DOUBLE, symbol VARCHAR)",
    "CREATE TABLE report.listing_stock_by_month (census_on DATE, symbol VARCHAR)",
    "CREATE TABLE report.seller_growth (yoy_growth_from DATE, yoy_growth_symbol VARCHAR, "
    "cagr_from DATE, cagr_symbol VARCHAR)",
    "CREATE TABLE marts.dim_edition AS SELECT col0 AS edition, 'fiscal' AS year_basis, "
    "2022 AS year, col1::DATE AS period_to FROM "
    "(VALUES ('FY2022', '2022-06-30'), ('CY2022', '2022-12-31'))",
)


@dataclass
class Published:
    """A published folder to which versions are added, one after the other."""

    folder: Path
    made: int = 0

    def add(self, name: str, headlines: list[Headline], *also: str, live: bool = True) -> Path:
        """A version with these headlines; `also` are statements for its other tables."""
        self.made += 1
        version = self.folder / name
        version.mkdir(parents=True)
        path = version / versions.FILE
        run = {
            "export_date": date.fromisoformat(name[:10]),
            "built_at": MADE + timedelta(self.made),
        }
        with engine.in_memory() as db:
            db.execute(f"ATTACH '{path}' AS outlook")
            db.execute("USE outlook")
            for schema in ("marts", "report", "meta"):
                db.execute(f"CREATE SCHEMA {schema}")
            for statement in TABLES:
                db.execute(statement)
            for edition, metric, as_of, value, symbol in headlines:
                count = None if value is None else int(value)
                row = [edition, metric, as_of, value, count, None, None if symbol == "c" else 1.0]
                db.execute(
                    "INSERT INTO report.headline VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [*row, symbol]
                )
            for statement in also:
                db.execute(statement)
            sound, fault = versions.live_or_fault(self.folder)
            vintages.put_in(db, self.folder, None if fault else sound, run, name)
            db.execute(
                "CREATE TABLE meta.run AS SELECT ?::DATE AS export_date", [run["export_date"]]
            )
        about = {**run, "revision": versions.revision_of(name), "sha256": sha256(path)}
        write_json(
            version / "manifest.json", {k: f"{v}" if k in run else v for k, v in about.items()}
        )
        if live:
            link = self.folder / "latest"
            link.unlink(missing_ok=True)
            link.symlink_to(name)
        return version

    def told(self, version: Path, *columns: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(version / versions.FILE), read_only=True) as db:
            return db.execute(
                f"SELECT {', '.join(columns)} FROM meta.vintage ORDER BY edition, metric, built_at"
            ).fetchall()


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return Published(tmp_path / "published")


def paid(value: float | None, as_of: date = END, symbol: str | None = "p") -> Headline:
    return ("FY2022", "paid_sellers", as_of, value, symbol)


def asked(value: float | None, as_of: date = END, symbol: str | None = "p") -> Headline:
    return ("FY2022", "inquiries", as_of, value, symbol)


def test_what_is_told_otherwise_is_a_row_and_what_is_not_is_none(published: Published) -> None:
    published.add("2022-06-29", [paid(99, date(2022, 6, 29))])
    published.add("2022-06-30", [paid(100)])
    published.add("2022-06-30.r2", [paid(100)])  # built from nothing: the same content
    published.add("2022-07-01", [paid(100)])
    published.add("2022-07-01.r2", [paid(101)])  # a late night
    last = published.add("2022-07-02", [paid(101, symbol=None)])  # frozen
    assert published.told(last, "export_date", "revision", "value", "symbol") == [
        (date(2022, 6, 29), 1, 99, "p"),
        (date(2022, 6, 30), 1, 100, "p"),
        (date(2022, 7, 1), 2, 101, "p"),
        (date(2022, 7, 2), 1, 101, None),
    ]


def test_they_outlive_the_versions_that_told_them(published: Published) -> None:
    for day in range(3):
        version = published.add(f"2022-07-0{day + 1}", [paid(100 + day)])
    for old in versions.every(published.folder)[:-1]:
        for path in old.iterdir():
            path.unlink()
        old.rmdir()
    assert published.told(version, "value") == [(100,), (101,), (102,)]
    assert published.told(published.add("2022-07-04", [paid(103)]), "value") == [
        (100,),
        (101,),
        (102,),
        (103,),
    ]


def without_vintages(version: Path) -> None:
    """As older code made it."""
    path = version / versions.FILE
    with duckdb.connect(str(path)) as db:
        db.execute("DROP TABLE meta.vintage")
    about = versions.manifest(version)
    write_json(version / "manifest.json", {**about, "sha256": sha256(path)})


def test_versions_of_older_code_tell_their_headline(published: Published) -> None:
    for day in range(3):
        version = published.add(f"2022-07-0{day + 1}", [paid(100 + day // 2)])
        without_vintages(version)
    last = published.add("2022-07-04", [paid(101)])
    assert published.told(last, "export_date", "value") == [
        (date(2022, 7, 1), 100),
        (date(2022, 7, 3), 101),
    ]


def test_the_live_version_tells_the_attack_its_vintages_if_it_has_any(published: Published) -> None:
    """After an upgrade a year may be frozen before the first build."""
    assert vintages.told(published.folder) == []
    version = published.add("2022-07-01", [paid(100)])
    assert [row["value"] for row in vintages.told(published.folder)] == [100]
    without_vintages(version)
    assert vintages.told(published.folder) == []


def test_a_damaged_live_version_costs_only_what_it_alone_told(published: Published) -> None:
    published.add("2022-07-01", [paid(100)])
    published.add("2022-07-02", [paid(101)])
    damaged = published.add("2022-07-03", [paid(102)])
    path = damaged / versions.FILE
    path.write_bytes(path.read_bytes()[:-1])
    last = published.add("2022-07-04", [paid(103)])
    assert published.told(last, "value") == [(100,), (101,), (103,)]


def test_what_a_backup_brought_back_is_known(published: Published, tmp_path: Path) -> None:
    for day in range(2):
        version = published.add(f"2022-07-0{day + 1}", [paid(100 + day)])
    kept = vintages.as_parquet(published.folder)
    assert kept and kept == vintages.as_parquet(published.folder)
    other = Published(tmp_path / "restored", made=5)
    other.folder.mkdir()
    (other.folder / vintages.FILE).write_bytes(kept)
    assert vintages.as_parquet(other.folder) == kept
    assert other.told(other.add("2022-07-02", [paid(101)]), "*") == published.told(version, "*")


def test_what_is_withheld_today_is_withheld_in_all(published: Published) -> None:
    published.add("2022-07-01", [paid(6), ("CY2022", "paid_sellers", END, 6, "p")])
    last = published.add("2022-07-02", [paid(None, symbol="c")])
    names = ("edition", "value", "numerator", "coverage", "symbol")
    nothing = (None, None, None, "c")
    # The other edition counted the same sellers on the same night.
    assert published.told(last, *names) == [("CY2022", *nothing), ("FY2022", *nothing)]
    again = published.add("2022-07-03", [paid(None, symbol="c")])
    assert len(published.told(again, "value")) == 2
    shown = published.add("2022-07-04", [paid(7)])
    assert published.told(shown, "edition", "value") == [
        ("CY2022", None),
        ("FY2022", None),
        ("FY2022", 7),
    ]


@pytest.mark.parametrize(
    ("metric", "statement"),
    [
        ("live_listings", "INSERT INTO report.listing_stock_by_month VALUES ('2022-05-31', 'c')"),
        ("paid_sellers", "INSERT INTO report.seller_growth VALUES ('2022-05-31', 'c', NULL, NULL)"),
        ("paid_sellers", "INSERT INTO report.seller_growth VALUES (NULL, NULL, '2022-05-31', 'c')"),
    ],
)
def test_a_stock_that_another_table_withholds_is_withheld(
    metric: str, statement: str, published: Published
) -> None:
    published.add("2022-05-31", [("FY2022", metric, date(2022, 5, 31), 50, "p")])
    last = published.add("2022-06-30", [("FY2022", metric, END, 60, "p")], statement)
    assert published.told(last, "value", "symbol") == [(None, "c"), (60, "p")]


def test_two_counts_of_days_never_tell_what_came_between(published: Published) -> None:
    published.add("2022-06-29", [asked(500, date(2022, 6, 29))])
    published.add("2022-06-30", [asked(503)])
    last = published.add("2022-07-31", [asked(510)])  # the same days, after a late night
    names = ("as_of", "value", "symbol")
    assert published.told(last, *names) == [
        (date(2022, 6, 29), None, "c"),
        (END, 503, "p"),
        (END, 510, "p"),
    ]


def test_the_triangle_and_the_first_figures(published: Published) -> None:
    published.add("2022-06-29", [paid(99, date(2022, 6, 29))])
    published.add("2022-06-30", [paid(100)])
    published.add("2022-07-15", [paid(100)])
    published.add("2022-08-20", [paid(102)])
    last = published.add("2022-10-01", [paid(102)])
    found = of_metric(last / versions.FILE, "paid_sellers", None)
    assert triangle(found["vintages"], date(2022, 10, 1)) == [
        {"edition": "FY2022", "+0": 100, "+2": 102, "now": 102}
    ]
    told = found["first_figures"]["fiscal"]
    assert told == {
        "years": 1,
        "mean_revision": pytest.approx(0.02),
        "largest_revision": pytest.approx(0.02),
    }
    assert as_sentence(told) == "The first figure of one past year was revised by 2.0%."


def test_a_first_figure_that_nobody_saw_counts_for_nothing(published: Published) -> None:
    """First published months after its year, or withheld since."""
    published.add("2022-09-01", [paid(100)])
    last = published.add("2022-10-01", [paid(102)])
    with engine.read_only(last / versions.FILE) as db:
        found = first_figures(db, "paid_sellers", "fiscal")
    assert found["years"] == 0
    assert as_sentence(found).startswith("No year has been published again")


def test_an_unknown_metric_is_named_with_the_nearest(published: Published) -> None:
    last = published.add("2022-07-01", [paid(100), asked(500)])
    with pytest.raises(SettingsError, match="'paid_seler'.*Nearest: paid_sellers"):
        of_metric(last / versions.FILE, "paid_seler", None)
    with pytest.raises(SettingsError, match="'FY1999' is not an edition"):
        of_metric(last / versions.FILE, "paid_sellers", "FY1999")
    without_vintages(last)
    with pytest.raises(SettingsError, match="run `outlook build`"):
        of_metric(last / versions.FILE, "paid_sellers", None)
