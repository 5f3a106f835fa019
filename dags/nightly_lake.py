"""Every night, loads one partition of each export into the lake.

One DAG per export, keyed by the export date, the local day that the export describes. The run
starts at 05:00 in Karachi (midnight UTC), waits for the delivery, loads it, and announces the
night once all three exports of it count; the DAG `warehouse` then publishes it. A night on which
nothing is due is skipped. If a gate holds the night or a file is refused, the run fails without a
retry: the published version stays, and the first record of the log says what to do.

By hand: trigger the DAG with a Partition Key, or with `export_date` (`airflow dags trigger
lake_sellers --conf '{"export_date": "2022-06-30"}'`), or run `airflow backfill create`.
"""

from datetime import UTC, datetime

from airflow.sdk import CronPartitionTimetable, Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags import lineage
from dags.assets import LAKE, NIGHT
from dags.defaults import (
    LAKE_TIMEOUT,
    LATE,
    POKE_SECONDS,
    POKE_TIMEOUT,
    POOL,
    SHOWS_NIGHT,
    WAIT,
    default_args,
)
from dags.telling import tell, tell_overtime, verdict
from transforms import DATASETS


def nightly_lake(dataset: str) -> None:
    """The same two tasks for every export, one DAG each, so that each can be backfilled alone."""
    partition = LAKE[dataset]

    @dag(
        dag_id=f"lake_{dataset}",
        description=f"{dataset}: one partition a night, at 05:00 in Karachi",
        # At midnight, so that `backfill create --from-date D --to-date D` makes exactly night D.
        schedule=CronPartitionTimetable(
            "0 0 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"
        ),
        params={
            "export_date": Param(
                None,
                type=["null", "string"],
                format="date",
                description="The night to load, where the run has no Partition Key",
            )
        },
        catchup=False,
        max_active_runs=4,
        dagrun_timeout=LAKE_TIMEOUT,
        default_args=default_args(),
        on_failure_callback=tell_overtime,
        tags=["lake"],
        doc_md=__doc__,
    )
    def lake() -> None:
        @task.sensor(
            mode="reschedule",
            poke_interval=POKE_SECONDS,
            timeout=2 * WAIT.total_seconds(),  # the task itself stops waiting before
            execution_timeout=POKE_TIMEOUT,
            pool=POOL,
            map_index_template=SHOWS_NIGHT,
        )
        def export_landed(*, dag_run=None, params=None) -> bool:  # type: ignore[no-untyped-def]
            """Waits until the night's export is whole.

            Skips a night on which nothing is due. Says once that the export is late. After six
            hours it records the night as missing and fails; `catch_up` loads it when it comes.
            """
            from warehouse import nightly

            with verdict(dataset, nightly.night_or_none(dag_run.partition_key, params)):
                night = nightly.night_asked(dag_run.partition_key, params)
                if nightly.landed(dataset, night):
                    return True
                if not nightly.is_due(night):
                    raise AirflowSkipException(f"no delivery is due for {night}: calendar.json")
                # A backfill asks for nights long past, so their hour says nothing.
                if dag_run.run_type != "backfill" and (
                    message := nightly.late(dataset, night, LATE[dataset])
                ):
                    tell(message)
                began = dag_run.start_date or datetime.now(UTC)
                if datetime.now(UTC) - began < WAIT:
                    return False
                nightly.load(dataset, night)  # records that it is missing, and fails
            return True

        @task(outlets=[partition, NIGHT], pool=POOL, map_index_template=SHOWS_NIGHT)
        def load_partition(*, dag_run=None, params=None, outlet_events=None, task=None) -> None:  # type: ignore[no-untyped-def]
            """Loads the export into the lake: accepted rows, rejected rows with their reasons, and
            the receipt, which this task's asset event carries."""
            from warehouse import nightly

            with verdict(dataset, nightly.night_or_none(dag_run.partition_key, params)):
                night = nightly.night_asked(dag_run.partition_key, params)
                receipt = nightly.load(dataset, night)
            # A run that was triggered with `export_date` has no key of its own to give.
            outlet_events[partition].add_partitions(f"{night}")
            outlet_events[partition].extra = receipt
            lineage.loaded(dataset, receipt)
            if nightly.is_complete(night):
                task.outlets = [partition, NIGHT]
                outlet_events[NIGHT].add_partitions(f"{night}")
            else:
                # Every outlet of a task that succeeds is announced, so this one is no outlet now.
                task.outlets = [partition]

        export_landed() >> load_partition()

    lake()


for name in DATASETS:
    nightly_lake(name)
