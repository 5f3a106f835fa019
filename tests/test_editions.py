"""Editions: what is frozen stays, a revision says why, and today's code can make it again."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from transforms import DATASETS, night
from transforms.errors import SettingsError
from transforms.sample import write_sample
from transforms.settings import settings
from warehouse import editions
from warehouse.build import Built, build

LAST = date(2022, 6, 30)


@pytest.fixture
def loaded(home: Path) -> Path:
    """A home with three nights of a sample; the last of them is not delivered yet."""
    write_sample(home / "exports", LAST - timedelta(2), LAST, scale=0.02)
    (home / "exports" / f"{LAST}").rename(home / "later")
    for day in (LAST - timedelta(2), LAST - timedelta(1)):
        for dataset in DATASETS:
            night.run(dataset, day, settings())
    return home


def deliver_the_last(home: Path) -> None:
    (home / "later").rename(home / "exports" / f"{LAST}")
    for dataset in DATASETS:
        night.run(dataset, LAST, settings())


def asked(built: Built, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(built.folder / "outlook.duckdb"), read_only=True) as db:
        return db.execute(sql).fetchall()


HEADLINE = "SELECT metric, value, as_of FROM report.headline WHERE edition = 'FY2022' ORDER BY 1"


def test_later_deliveries_never_change_a_frozen_edition(loaded: Path) -> None:
    before = asked(build(settings()), HEADLINE)
    one = editions.freeze(settings(), "FY2022", by="an author")
    assert one.is_new and one.manifest["revision"] == 1
    assert editions.prove(settings(), "FY2022") == []
    deliver_the_last(loaded)
    built = build(settings())
    assert asked(built, HEADLINE) == before
    others = asked(built, HEADLINE.replace("FY2022", "CY2022"))
    assert others != before  # which is not frozen
    assert asked(built, "SELECT count(*) FROM meta.revision") == [(0,)]


def test_the_same_again_is_no_revision(loaded: Path) -> None:
    one = editions.freeze(settings(), "FY2022", by="an author")
    again = editions.freeze(settings(), "FY2022", by="another", reason="to be sure")
    assert not again.is_new
    assert again.folder == one.folder


def test_a_freezing_cut_short_can_be_done_again(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(editions, "put_folder", killed)
        with pytest.raises(KeyboardInterrupt):
            editions.freeze(settings(), "FY2022", by="an author")
    assert editions.newest(settings().published, "FY2022") is None
    assert not list(settings().published.glob(".building-*"))
    assert editions.freeze(settings(), "FY2022", by="an author").is_new


def test_a_revision_needs_a_reason_and_shows_what_changed(loaded: Path) -> None:
    editions.freeze(settings(), "FY2022", by="an author")
    build(settings())
    deliver_the_last(loaded)
    with pytest.raises(SettingsError, match=r"figures would change, first .* needs a reason"):
        editions.freeze(settings(), "FY2022", by="an author")
    moved = editions.prove(settings(), "FY2022")
    assert {"headline"} <= {c.table for c in moved}
    two = editions.freeze(settings(), "FY2022", by="an author", reason="the last night came late")
    assert two.manifest["revision"] == 2
    built = build(settings())
    assert built.is_new
    figures = asked(built, "SELECT DISTINCT symbol FROM report.headline "
                           "WHERE edition = 'FY2022' AND value IS NOT NULL")  # fmt: skip
    assert figures == [("r",)]
    rows = asked(built, "SELECT row_key, was, now, reason, revised_by FROM meta.revision "
                        "WHERE table_name = 'headline' AND column_name = 'as_of' "
                        "AND row_key = 'inquiries'")  # fmt: skip
    assert rows == [
        ("inquiries", f"{LAST - timedelta(1)}", f"{LAST}", "the last night came late", "an author")
    ]
    assert editions.prove(settings(), "FY2022") == []


def test_a_frozen_edition_names_its_nights_and_hashes(loaded: Path) -> None:
    one = editions.freeze(settings(), "FY2022", by="an author")
    nights = {(n["dataset"], n["export_date"], n["status"]) for n in one.manifest["nights"]}
    assert ("sellers", f"{LAST - timedelta(1)}", "ok") in nights
    for name, entry in one.manifest["tables"].items():
        assert pq.read_metadata(one.folder / f"{name}.parquet").num_rows == entry["rows"]
    assert {"headline", "sellers_by_city", "seller_growth"} <= set(one.manifest["tables"])


def test_a_frozen_file_that_was_tampered_with_proves_nothing(loaded: Path) -> None:
    one = editions.freeze(settings(), "FY2022", by="an author")
    path = one.folder / "headline.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(SettingsError, match="not what was frozen"):
        editions.prove(settings(), "FY2022")


def test_an_edition_that_the_lake_cannot_make_is_not_frozen(loaded: Path) -> None:
    with pytest.raises(SettingsError, match="no edition FY1999"):
        editions.freeze(settings(), "FY1999", by="an author")
    with pytest.raises(SettingsError, match="is not frozen"):
        editions.prove(settings(), "FY2022")
