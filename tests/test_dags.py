"""The DAGs as Airflow sees them, and two nights through them for real."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from airflow.dag_processing.dagbag import DagBag

from dags.defaults import LAKE_TIMEOUT
from tests.oracle import truth
from transforms import DATASETS
from transforms.markets import market
from transforms.sample import write_sample

ROOT = Path(__file__).parents[1]
DAGS = {
    "lake_sellers",
    "lake_listings",
    "lake_inquiries",
    "warehouse",
    "outlook",
    "maintenance",
    "catch_up",
}
LAST = date(2022, 7, 1)


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(ROOT, bundle_path=ROOT, bundle_name="dags-folder")


def test_the_root_is_the_bundle_and_holds_exactly_these_dags(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == DAGS


def test_dags_say_whose_they_are_and_how_they_retry(bag: DagBag) -> None:
    for dag in bag.dags.values():
        assert dag.tags
        assert dag.doc_md
        assert dag.description
        is_of_no_night = dag.dag_id in ("catch_up", "maintenance")
        assert {"export_date", "edition"} & set(dag.params) or is_of_no_night
        assert dag.dagrun_timeout
        for task in dag.tasks:
            assert task.owner == "data-engineering"
            assert (task.retries or 0) >= 2
            assert task.retry_exponential_backoff
            assert task.execution_timeout
            assert task.on_failure_callback
            assert task.doc_md
            assert task.trigger_rule == "all_success", "no task is pink on a good night"


def test_a_run_may_take_longer_than_it_waits(bag: DagBag) -> None:
    code = "from dags import defaults as d; assert d.LAKE_TIMEOUT >= d.WAIT + 2 * d.TASK_TIMEOUT"
    for minutes in ("1", "360", "1440"):
        environ = {**os.environ, "OUTLOOK_WAIT_MINUTES": minutes}
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, check=True)
    for dataset in DATASETS:
        assert bag.dags[f"lake_{dataset}"].dagrun_timeout == LAKE_TIMEOUT


def test_a_run_at_midnight_is_for_the_day_that_ended(bag: DagBag) -> None:
    timetable: Any = bag.dags["lake_sellers"].timetable
    assert timetable.run_offset == -1
    assert timetable.key_format == "%Y-%m-%d"


def test_two_nights_through_the_real_dags(
    bag: DagBag, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.models.asset import AssetEvent
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    write_sample(home / "exports", LAST - timedelta(1), LAST, scale=0.02)
    initdb()
    for day in (LAST - timedelta(1), LAST):
        for dag_id in ("lake_sellers", "lake_listings", "lake_inquiries", "warehouse"):
            run = bag.dags[dag_id].test(run_conf={"export_date": f"{day}"})
            assert run.state == "success", dag_id

    live = home / "published" / "latest"
    assert os.readlink(live) == f"{LAST}"
    right = truth(home / "exports")["report"]["headline"]
    want = {(r["edition"], r["metric"]): (r["value"], r["symbol"]) for r in right}
    with duckdb.connect(str(live / "outlook.duckdb"), read_only=True) as db:
        rows = db.execute("SELECT edition, metric, value, symbol FROM report.headline").fetchall()
    assert {(e, m): (v, s) for e, m, v, s in rows} == want
    assert len(want) == 15

    with create_session() as session:
        events = session.query(AssetEvent).all()
        extras = [e.extra for e in events if e.asset.name == "lake_listings"]
        complete = [e.partition_key for e in events if e.asset.name == "complete_night"]
    assert [e["export_date"] for e in extras] == ["2022-06-30", "2022-07-01"]
    # Once a night, by the load that completes it, with the key that no such run has of its own.
    assert complete == ["2022-06-30", "2022-07-01"]
    for extra in extras:
        rows_of = extra["rows"]
        assert rows_of["in"] == rows_of["accepted"] + rows_of["rejected"] + rows_of["duplicate"]


def test_a_run_that_publishes_nothing_is_not_green(bag: DagBag, home: Path) -> None:
    from airflow.utils.db import initdb

    initdb()
    run = bag.dags["warehouse"].test(run_conf={"export_date": f"{LAST}"})
    states = {t.task_id: t.state for t in run.get_task_instances()}
    assert run.state == "failed"
    assert states["publish_version"] == "failed"
    assert states["summary"] == "upstream_failed"


def test_the_summary_is_one_record_of_one_screen(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from transforms import DATASETS
    from warehouse import nightly

    write_sample(home / "exports", LAST, LAST, scale=0.01)
    for dataset in DATASETS:
        nightly.load(dataset, f"{LAST}")
    nightly.publish_night(f"{LAST}")
    caplog.set_level("INFO", "warehouse.nightly")
    caplog.clear()
    nightly.summary(f"{LAST}")
    (record,) = (r for r in caplog.records if r.name == "warehouse.nightly")
    lines = record.getMessage().splitlines()
    assert 8 <= len(lines) <= 24
    assert any("paid_sellers" in line for line in lines)
    assert "goods_sold_value    not available" in record.getMessage().replace("     ", " ")


def states_of(run: Any) -> dict[str, str]:
    return {t.task_id: t.state for t in run.get_task_instances()}


def test_the_year_is_released_only_when_it_is_whole_and_approved(bag: DagBag, home: Path) -> None:
    """Unpaused in the middle of a year it releases nothing; approved, it freezes and publishes."""
    from airflow.utils.db import initdb

    from transforms import DATASETS
    from warehouse import nightly

    initdb()
    end = date(2022, 6, 30)
    write_sample(home / "exports", end - timedelta(1), end, scale=0.06)
    for dataset in DATASETS:
        nightly.load(dataset, f"{end - timedelta(1)}")
    nightly.publish_night(f"{end - timedelta(1)}")
    # As the scheduler would start it: it names no edition, and the year has not ended.
    run = bag.dags["outlook"].test(
        logical_date=datetime(2022, 10, 1, 6, tzinfo=UTC), mark_success_pattern="approve"
    )
    assert states_of(run)["due"] == "failed"
    assert states_of(run)["release"] == "upstream_failed"
    assert not (home / "published" / "editions").exists()

    for dataset in DATASETS:
        nightly.load(dataset, f"{end}")
    nightly.publish_night(f"{end}")
    run = bag.dags["outlook"].test(run_conf={"edition": "FY2022"}, mark_success_pattern="approve")
    assert run.state == "success"
    (frozen,) = (home / "published" / "editions").iterdir()
    assert frozen.name == "FY2022.r1"
    made = home / "published" / "report" / "FY2022"
    assert {"index.html", "outlook.xlsx", "manifest.json"} <= {p.name for p in made.iterdir()}
    assert json.loads((made / "manifest.json").read_text("utf-8"))["status"] == "final"


def test_a_year_is_due_three_months_after_it_ended(bag: DagBag) -> None:
    assert str(bag.dags["outlook"].schedule) == "0 6 1 10 *"
    assert {c: market(c).final_month for c in ("PK", "IN")} == {"PK": 10, "IN": 7}


def test_nothing_but_a_persons_word_approves(bag: DagBag) -> None:
    """No answer is assumed, and none follows from time: unpaused, the DAG waits."""
    dag = bag.dags["outlook"]
    approve: Any = dag.get_task("approve")
    assert type(approve).__name__ == "ApprovalOperator"
    assert approve.defaults is None
    assert not dag.catchup
    assert dag.get_task("release").upstream_task_ids == {"approve", "due"}
    assert dag.get_task("release").trigger_rule == "all_success"


def test_who_approved_is_who_froze() -> None:
    from warehouse import yearly

    answer = {"chosen_options": ["Approve"], "responded_by_user": {"id": "7", "name": "Amina"}}
    assert yearly.approver(answer) == "Amina, in the outlook DAG"
    assert yearly.approver(None) == yearly.approver({}) == "the outlook DAG"


def test_the_approval_shows_what_was_and_what_is(home: Path) -> None:
    from transforms import DATASETS
    from transforms.errors import ExportMissing, SettingsError
    from transforms.settings import settings
    from warehouse import nightly, yearly
    from warehouse.editions import freeze

    end = date(2022, 6, 30)
    write_sample(home / "exports", end - timedelta(1), end, scale=0.02)
    for day in (end - timedelta(1), end):
        for dataset in DATASETS:
            nightly.load(dataset, f"{day}")
        nightly.publish_night(f"{day}")
        if day < end:
            with pytest.raises(ExportMissing, match="is not complete"):
                yearly.due("FY2022", date(2022, 10, 1))
            assert yearly.due("FY2022", date(2022, 10, 1), "as it stands") == "FY2022"
            freeze.freeze(settings(), "FY2022", by="an author", reason="as it stands")
    assert yearly.due(None, date(2022, 10, 1)) == "FY2022"
    with pytest.raises(SettingsError, match="a revision needs a reason"):
        yearly.changes("FY2022")
    shown = yearly.changes("FY2022", "the last night came")
    assert "Reason: the last night came" in shown
    assert "in place of FY2022.r1" in shown
    assert "| paid_sellers |" in shown
    assert "goods_sold_value" not in shown


def test_maintenance_cleans_without_a_person(
    bag: DagBag, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The lake, Airflow's own tables and its log files; what counts stays."""
    from airflow.configuration import conf
    from airflow.utils.db import initdb

    from transforms import DATASETS
    from warehouse import nightly

    initdb()
    write_sample(home / "exports", LAST, LAST, scale=0.003)
    for dataset in DATASETS:
        nightly.load(dataset, f"{LAST}")
    orphan = home / "lake" / "sellers" / f"{LAST}" / "0123456789ab"
    orphan.mkdir()
    logs = Path(conf.get("logging", "base_log_folder")) / "dag_id=old" / "attempt=1.log"
    logs.parent.mkdir(parents=True, exist_ok=True)
    logs.write_text("old")
    long_ago = (datetime.now(UTC) - timedelta(days=40)).timestamp()
    for path in (orphan, logs, logs.parent):
        os.utime(path, (long_ago, long_ago))
    failed = nightly.message_of("maintenance", None, OSError("a table was not cleaned"))
    assert nightly.is_new(failed)
    last = bag.dags["maintenance"].get_task("works_again")
    assert last.upstream_task_ids == {"clean", "clean_tables", "clean_logs"}
    run = bag.dags["maintenance"].test()
    assert set(states_of(run).values()) == {"success"}
    assert not nightly.works_again("maintenance"), "what was told of an earlier run has ended"
    assert not orphan.exists() and not logs.exists()
    assert any("partitions in no receipt: 1 deleted" in r.getMessage() for r in caplog.records)
    assert (home / "lake" / "receipts" / "sellers" / f"{LAST}.json").exists()
