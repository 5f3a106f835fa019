"""Every night, loads one partition of each export into the lake.

One DAG per export, keyed by the export date, the local day that the export describes. The run
starts at 05:00 in Karachi (midnight UTC), waits for the delivery, loads it and triggers the
warehouse. If a gate holds the night or a file is refused, the run fails without a retry: the
published version stays, and the error says what to do. To run one night by hand, trigger the DAG
with `export_date`.
"""

from datetime import timedelta

from airflow.sdk import Asset, CronPartitionTimetable, Param, dag, task
from airflow.sdk.exceptions import AirflowFailException

from transforms import DATASETS
from transforms.errors import OutlookError


def nightly_lake(dataset: str) -> None:
    """The same two tasks for every export, one DAG each, so that each can be backfilled alone."""
    partition = Asset(name=f"lake_{dataset}", uri=f"outlook://lake/{dataset}")

    @dag(
        dag_id=f"lake_{dataset}",
        description=f"{dataset}: one partition a night, at 05:00 in Karachi",
        # At midnight, so that `backfill create --from-date D --to-date D` makes exactly night D.
        schedule=CronPartitionTimetable(
            "0 0 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"
        ),
        params={"export_date": Param(None, type=["null", "string"], format="date")},
        catchup=False,
        max_active_runs=4,
        default_args={
            "owner": "data-engineering",
            "retries": 3,
            "retry_delay": timedelta(minutes=5),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(hours=1),
        },
        tags=["lake"],
        doc_md=__doc__,
    )
    def lake() -> None:
        @task.sensor(mode="reschedule", poke_interval=300, timeout=6 * 3600)
        def export_landed(*, dag_run=None, params=None) -> bool:  # type: ignore[no-untyped-def]
            from warehouse import nightly

            return nightly.landed(dataset, dag_run.partition_key or params["export_date"])

        @task(outlets=[partition])
        def load_partition(*, dag_run=None, params=None, outlet_events=None) -> None:  # type: ignore[no-untyped-def]
            from warehouse import nightly

            try:
                receipt = nightly.load(dataset, dag_run.partition_key or params["export_date"])
            except OutlookError as error:
                raise AirflowFailException(str(error)) from error
            outlet_events[partition].extra = receipt

        export_landed() >> load_partition()

    lake()


for name in DATASETS:
    nightly_lake(name)
