"""Editions: what is frozen stays, a revision says why, and today's code can make it again."""

import fcntl
import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.command import outlook
from tests.conftest import KEY
from transforms import DATASETS, night
from transforms.errors import PublishError, SettingsError
from transforms.lake import Lake
from transforms.sample import write_sample
from transforms.settings import settings
from transforms.storage import sha256, write_json
from warehouse import versions
from warehouse.attack.certificate import Certificate
from warehouse.build.build import Built, build
from warehouse.editions import freeze, frozen, revisions
from warehouse.editions.revisions import Change
from warehouse.questions import diff

LAST = date(2022, 6, 30)
AS_IT_STANDS = "the last night will never come"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three nights of a sample; the last of them is not delivered yet."""
    home = tmp_path_factory.mktemp("prepared")
    chosen = settings({"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY})
    write_sample(home / "exports", LAST - timedelta(2), LAST, scale=0.02)
    (home / "exports" / f"{LAST}").rename(home / "later")
    for day in (LAST - timedelta(2), LAST - timedelta(1)):
        for dataset in DATASETS:
            night.run(dataset, day, chosen)
    return home


@pytest.fixture
def loaded(prepared: Path, home: Path) -> Path:
    """The test's own copy of that home."""
    return shutil.copytree(prepared, home, symlinks=True, dirs_exist_ok=True)


def deliver_the_last(home: Path) -> None:
    (home / "later").rename(home / "exports" / f"{LAST}")
    for dataset in DATASETS:
        night.run(dataset, LAST, settings())


def frozen_first() -> frozen.Frozen:
    """The edition without its last night, as somebody decided."""
    return freeze.freeze(settings(), "FY2022", by="an author", reason=AS_IT_STANDS)


def asked(built: Built, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(built.folder / "outlook.duckdb"), read_only=True) as db:
        return db.execute(sql).fetchall()


def differences() -> list[Change]:
    return freeze.prove(settings(), "FY2022")[1].changes


HEADLINE = "SELECT metric, value, as_of FROM report.headline WHERE edition = 'FY2022' ORDER BY 1"


def test_no_night_is_committed_while_an_edition_is_computed(loaded: Path) -> None:
    chosen = settings()
    lake = Lake(chosen.place)
    with freeze.computed(settings()):
        for dataset in DATASETS:
            with (
                (chosen.lake / f".lock-{dataset}").open("w") as file,
                pytest.raises(BlockingIOError),
            ):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with lake.lock(DATASETS[0]):
        pass  # and they are free again


def test_later_deliveries_never_change_a_frozen_edition(loaded: Path) -> None:
    before = asked(build(settings()), HEADLINE)
    one = frozen_first()
    assert one.is_new and one.manifest["revision"] == 1
    assert differences() == []
    deliver_the_last(loaded)
    built = build(settings())
    assert asked(built, HEADLINE) == before
    others = asked(built, HEADLINE.replace("FY2022", "CY2022"))
    assert others != before  # which is not frozen
    assert asked(built, "SELECT count(*) FROM meta.revision") == [(0,)]


def test_the_same_again_is_no_revision(loaded: Path) -> None:
    one = frozen_first()
    again = freeze.freeze(settings(), "FY2022", by="another", reason="to be sure")
    assert not again.is_new
    assert again.folder == one.folder


def test_a_reason_is_kept_although_nothing_changed(loaded: Path) -> None:
    """Once, with who gave it; the status stays, and what is frozen stays as it is."""
    one = frozen_first()
    was = build(settings())
    before = sha256(one.folder / "manifest.json")
    for _ in range(2):
        freeze.freeze(settings(), "FY2022", by="another", reason="asked by the chamber")
    (path,) = one.given
    assert json.loads(path.read_text("utf-8"))["by"] == "another"
    assert sha256(one.folder / "manifest.json") == before
    built = build(settings())
    assert built.is_new and not build(settings()).is_new
    (stands,) = [row for row in asked(built, STANDS) if row[0] == "FY2022"]
    on = json.loads(path.read_text("utf-8"))["at"][:10]
    told = f"{AS_IT_STANDS}; {on}: asked by the chamber"
    assert stands == ("FY2022", "final", 1, "an author", told)
    assert asked(built, HEADLINE) == asked(was, HEADLINE)
    assert asked(built, "SELECT count(*) FROM meta.revision") == [(0,)]
    path.unlink()
    with pytest.raises(PublishError, match=rf"{path} is gone.* backup"):
        build(settings())


def test_a_freezing_cut_short_can_be_done_again(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(freeze, "put_folder", killed)
        with pytest.raises(KeyboardInterrupt):
            frozen_first()
    assert frozen.newest(settings().published, "FY2022") is None
    assert not list(settings().published.glob(".building-*"))
    assert frozen_first().is_new


def test_a_revision_needs_a_reason_and_shows_what_changed(loaded: Path) -> None:
    frozen_first()
    build(settings())
    deliver_the_last(loaded)
    with pytest.raises(SettingsError, match=r"cells would change, first .* needs a reason"):
        freeze.freeze(settings(), "FY2022", by="an author")
    assert {"headline"} <= {c.table for c in differences()}
    two = freeze.freeze(settings(), "FY2022", by="an author", reason="the last night came late")
    assert two.manifest["revision"] == 2
    built = build(settings())
    assert built.is_new
    figures = asked(
        built,
        "SELECT DISTINCT symbol FROM report.headline "
        "WHERE edition = 'FY2022' AND value IS NOT NULL",
    )
    assert figures == [("r",)]
    rows = asked(
        built,
        "SELECT row_key, was, now, reason, revised_by FROM meta.revision "
        "WHERE table_name = 'headline' AND column_name = 'as_of' "
        "AND row_key = 'inquiries'",
    )
    assert rows == [
        ("inquiries", f"{LAST - timedelta(1)}", f"{LAST}", "the last night came late", "an author")
    ]
    assert differences() == []


def test_a_frozen_edition_names_its_nights_and_hashes(loaded: Path) -> None:
    one = frozen_first()
    nights = {(n["dataset"], n["export_date"], n["status"]) for n in one.manifest["nights"]}
    assert ("sellers", f"{LAST - timedelta(1)}", "ok") in nights
    for name, entry in one.manifest["tables"].items():
        assert pq.read_metadata(one.folder / f"{name}.parquet").num_rows == entry["rows"]
    assert {"headline", "sellers_by_city", "seller_growth"} <= set(one.manifest["tables"])
    found = one.manifest["disclosure"]
    assert found["recovered"] == 0 and found["told"] > 0


def tamper(one: frozen.Frozen) -> Path:
    path = one.folder / "headline.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    return path


def test_a_frozen_file_that_was_tampered_with_proves_nothing(loaded: Path) -> None:
    path = tamper(frozen_first())
    for ask in (differences, frozen_first):
        with pytest.raises(PublishError, match=rf"{path} is not what was frozen.*backup"):
            ask()


def test_a_damaged_frozen_file_is_not_published(loaded: Path) -> None:
    path = tamper(frozen_first())
    with pytest.raises(PublishError, match=rf"{path} is not what was frozen.*backup"):
        build(settings())
    path.unlink()
    with pytest.raises(PublishError, match=rf"{path} is gone"):
        build(settings())
    assert versions.latest(settings().published) is None


@pytest.mark.parametrize("lost", ["manifest.json", "", "changed"])
def test_an_edition_that_was_published_frozen_cannot_be_lost(loaded: Path, lost: str) -> None:
    """Without its folder a build would compute the year anew, and nobody would know."""
    one = frozen_first()
    live = build(settings()).folder
    deliver_the_last(loaded)
    if lost == "changed":
        told = json.loads((one.folder / "manifest.json").read_text("utf-8"))
        write_json(one.folder / "manifest.json", {**told, "tables": {}})
    elif lost:
        (one.folder / lost).unlink()
    else:
        shutil.rmtree(one.folder)
    with pytest.raises(PublishError, match=rf"{one.folder}.* backup"):
        build(settings())
    assert versions.latest(settings().published) == live


def test_an_unfinished_year_is_frozen_only_for_a_reason(loaded: Path) -> None:
    with pytest.raises(SettingsError, match=f"not finished: its data go to {LAST - timedelta(1)}"):
        freeze.freeze(settings(), "FY2022", by="an author")
    assert not (settings().published / "editions").exists()
    deliver_the_last(loaded)
    assert freeze.freeze(settings(), "FY2022", by="an author").is_new


def test_a_frozen_figure_is_marked_only_where_days_are_missing(loaded: Path) -> None:
    """Three nights are whole for a stock and three days of 365 for a flow; that the edition was
    frozen is no change of a figure."""
    deliver_the_last(loaded)
    marks = HEADLINE.replace("value, as_of", "symbol, is_partial, days, days_covered")
    open_one = build(settings())
    assert {row[1] for row in asked(open_one, marks)} == {"p", "x"}
    freeze.freeze(settings(), "FY2022", by="an author")
    frozen_one = build(settings())
    [sold, asked_for, *stocks] = asked(frozen_one, marks)
    assert sold[1] == "x" and {row[1:] for row in stocks} == {(None, False, None, None)}
    assert asked_for[:4] == ("inquiries", "p", True, 365) and 3 <= asked_for[4] < 60
    assert differences() == []
    files = [one.folder / versions.FILE for one in (open_one, frozen_one)]
    assert diff.compare(*files)["headlines"] == []


STANDS = "SELECT edition, status, revision, frozen_by, reason FROM meta.edition ORDER BY edition"


def test_the_file_says_how_each_edition_stands(loaded: Path) -> None:
    assert asked(build(settings()), STANDS)[-1] == ("FY2022", "provisional", None, None, None)
    frozen_first()
    assert asked(build(settings()), STANDS) == [
        ("CY2022", "provisional", None, None, None),
        ("FY2022", "final", 1, "an author", AS_IT_STANDS),
    ]
    deliver_the_last(loaded)
    freeze.freeze(settings(), "FY2022", by="another", reason="it came")
    built = build(settings())
    assert asked(built, STANDS)[-1] == ("FY2022", "corrected", 2, "another", "it came")
    assert set(versions.manifest(built.folder)["editions"]) == {"FY2022.r1", "FY2022.r2"}


def without(monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    """Code of a time when that table was not yet, and nobody attacked what is frozen."""
    older = [m for m in revisions.tables() if m.table != table]
    monkeypatch.setattr(revisions, "tables", lambda: older)
    monkeypatch.setattr(freeze, "_certified", lambda *_: Certificate(0, 0, 0, 0, {}, 0.0))


def test_a_table_younger_than_the_edition_is_provisional_in_it(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are computed, and marked so, until the edition is frozen again with them."""
    deliver_the_last(loaded)
    with monkeypatch.context() as older:
        without(older, "report.listing_stock")
        one = freeze.freeze(settings(), "FY2022", by="an author")
    assert "listing_stock" not in one.manifest["tables"]
    query = (
        "SELECT live_listings_symbol FROM report.listing_stock WHERE live_listings > 0 "
        "AND edition = 'FY2022'"
    )
    assert asked(build(settings()), query) == [("p",)]
    assert asked(build(settings()), HEADLINE.replace("value, as_of", "symbol")) == [
        ("goods_sold_value", "x"),
        ("inquiries", "p"),
        ("listings_ever", None),
        ("live_listings", None),
        ("paid_sellers", None),
    ]
    assert differences() == []
    assert freeze.prove(settings(), "FY2022")[1].younger == ["listing_stock"]
    assert not freeze.freeze(settings(), "FY2022", by="an author").is_new

    two = freeze.freeze(settings(), "FY2022", by="an author", reason="a table more")
    assert two.is_new and "listing_stock" in two.manifest["tables"]
    built = build(settings())
    assert asked(built, query) == [(None,)]
    assert asked(built, "SELECT table_name, row_key, now FROM meta.revision") == [
        ("listing_stock", "all rows", "new table")
    ]


def rewrite(one: frozen.Frozen, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Makes the frozen table another one, as if it had been frozen so."""
    path = one.folder / f"{name}.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    told = json.loads((one.folder / "manifest.json").read_text("utf-8"))
    told["tables"][name]["sha256"] = sha256(path)
    write_json(one.folder / "manifest.json", told)


def test_a_column_that_the_code_has_no_more_stays_in_the_folder(loaded: Path) -> None:
    rewrite(frozen_first(), "headline", lambda t: t.append_column("gone", [["x"] * t.num_rows]))
    assert asked(build(settings()), HEADLINE)
    assert {(c.column, c.now) for c in differences()} == {("gone", None)}


def test_a_measure_that_older_code_did_not_freeze_is_not_available(loaded: Path) -> None:
    names = ["returned_sellers", *(f"returned_sellers_{n}" for n in ("numerator", "symbol"))]
    rewrite(frozen_first(), "seller_flow", lambda t: t.drop_columns(names))
    query = f"SELECT {', '.join(names)} FROM report.seller_flow WHERE edition = 'FY2022'"
    assert asked(build(settings()), query) == [(None, None, "x")]


def test_what_was_revised_once_stays_marked_in_the_next_revision(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        without(older, "report.listing_stock")
        frozen_first()
        deliver_the_last(loaded)
        freeze.freeze(settings(), "FY2022", by="an author", reason="it came")
    freeze.freeze(settings(), "FY2022", by="an author", reason="a table more")
    query = HEADLINE.replace("value, as_of", "symbol").replace("ORDER", "AND value > 0 ORDER")
    assert {symbol for _, symbol in asked(build(settings()), query)} == {"r"}


def test_why_a_figure_is_not_available_is_frozen_too(loaded: Path) -> None:
    """Else a final page would say of a figure that it shows that its exports did not come. A figure
    that is younger than the edition keeps its own row."""
    one = frozen_first()

    def as_if_frozen_otherwise(table: pa.Table) -> pa.Table:
        rows = [
            {**r, "symbol": "x", "missing": "what was missing then"}
            for r in table.to_pylist()
            if r["figure"] == "paid_sellers"
        ]
        return pa.Table.from_pylist(rows, schema=table.schema)

    rewrite(one, "availability", as_if_frozen_otherwise)
    query = (
        "SELECT edition, missing FROM meta.availability "
        "WHERE figure = 'paid_sellers' ORDER BY edition"
    )
    built = build(settings())
    assert asked(built, query) == [("CY2022", None), ("FY2022", "what was missing then")]
    counts = asked(built, "SELECT DISTINCT count(*) FROM meta.availability GROUP BY edition")
    assert len(counts) == 1
    assert {(c.row_key, c.column) for c in differences()} == {
        ("paid_sellers", "symbol"),
        ("paid_sellers", "missing"),
    }


def test_an_edition_that_the_lake_cannot_make_is_not_frozen(loaded: Path) -> None:
    with pytest.raises(SettingsError, match="no edition FY1999"):
        freeze.freeze(settings(), "FY1999", by="an author")
    with pytest.raises(SettingsError, match="is not frozen"):
        freeze.prove(settings(), "FY2022")


def as_older_code_froze(one: frozen.Frozen) -> None:
    """Years, months and weeks in one table, and no number of the year in any."""
    told = json.loads((one.folder / "manifest.json").read_text("utf-8"))
    of_spans: dict[str, list[pa.Table]] = {}
    for model in revisions.tables():
        path = one.folder / f"{model.name}.parquet"
        table = pq.read_table(path)
        if "year" in table.column_names:
            table = table.drop_columns(["year"])
        pq.write_table(table, path)
        told["tables"][model.name]["sha256"] = sha256(path)
        if was := model.about.get("was"):
            if was["span"] == "year":
                for end in ("from", "to"):
                    table = table.append_column(f"span_{end}", table[f"period_{end}"])
            span = pa.array([was["span"]] * table.num_rows, pa.string())
            of_spans.setdefault(was["table"], []).append(table.append_column("span", span))
            path.unlink()
            del told["tables"][model.name]
    for name, parts in of_spans.items():
        path = one.folder / f"{name}.parquet"
        mixed = pa.concat_tables([part.select(parts[0].column_names) for part in parts])
        pq.write_table(mixed, path)
        told["tables"][name] = {"sha256": sha256(path), "rows": mixed.num_rows}
    write_json(one.folder / "manifest.json", told)


def test_an_edition_frozen_in_tables_of_several_spans_is_put_in(loaded: Path) -> None:
    """By older code, before each span had its table and each row the number of its year."""
    one = frozen_first()
    before = {
        m.name: duckdb.sql(f"FROM '{one.folder / m.name}.parquet' ORDER BY ALL").fetchall()
        for m in revisions.tables()
        if m.schema == "report"
    }
    as_older_code_froze(one)
    [old] = frozen.every(settings().published)
    assert {"inquiry_flow", "inquiry_rate"} <= set(old.manifest["tables"])
    assert "inquiry_year" not in old.manifest["tables"]
    proved = freeze.prove(settings(), "FY2022")[1]
    assert proved.changes == [] and proved.younger == []
    deliver_the_last(loaded)
    built = build(settings())
    for name, rows in before.items():
        query = f"FROM report.{name} WHERE edition = 'FY2022' ORDER BY ALL"
        assert asked(built, query) == rows, name
    assert before["inquiry_year"] and before["inquiry_month"] and before["inquiry_rate_by_month"]


def test_what_was_revised_in_a_table_of_several_spans_stays_marked(loaded: Path) -> None:
    frozen_first()
    deliver_the_last(loaded)
    two = freeze.freeze(settings(), "FY2022", by="an author", reason="it came")
    told = two.manifest["changes"]
    assert any(c["table"] == "inquiry_year" and c["column"] == "as_of" for c in told)
    was = {m.name: m.about["was"] for m in revisions.tables() if "was" in m.about}
    for change in told:
        if old := was.get(change["table"]):
            key = "2021-07-01" if old["span"] == "year" else change["row_key"]
            change |= {"table": old["table"], "row_key": f"{old['span']}, {key}"}
    with freeze.computed(settings()) as db:
        for model in (m for m in revisions.tables() if m.name in ("inquiry_year", "inquiry_month")):
            revisions.mark(db, model, [Change(**c) for c in told], "FY2022")
            marks = f"SELECT DISTINCT symbol FROM {model.table} WHERE edition = 'FY2022' "
            assert db.execute(f"{marks} AND numerator IS NOT NULL").fetchall() == [("r",)]


def test_finished_years_are_frozen_in_one_step(home: Path) -> None:
    """A year that is frozen already stays as it is."""
    chosen = settings()
    for day in (date(2021, 6, 30), LAST):
        write_sample(home / "exports", day, day, scale=0.02)
        for dataset in DATASETS:
            night.run(dataset, day, chosen)
    one = freeze.freeze(chosen, "FY2021", by="an author")
    told = outlook("freeze", "2021", "FY2022")
    assert told.returncode == 0, told.stderr
    assert told.stdout.split()[0::2] == ["FY2021:", "FY2022:"]
    assert [f.folder.name for f in frozen.every(chosen.published)] == ["FY2021.r1", "FY2022.r1"]
    again = frozen.newest(chosen.published, "FY2021")
    assert again and again.manifest == one.manifest
    two = frozen.newest(chosen.published, "FY2022")
    assert (
        two
        and two.manifest["by"]
        and two.manifest["tables"].keys() == one.manifest["tables"].keys()
    )
