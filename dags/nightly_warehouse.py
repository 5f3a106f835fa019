"""Once a night's three partitions are loaded: builds, checks and publishes, then logs a summary.

The new version is a new file, put in place by a rename, so readers of the old one are not
disturbed. If a check fails, nothing is published. The summary is a single log record.
"""

from datetime import timedelta

from airflow.sdk import Asset, Param, PartitionedAssetTimetable, dag, task
from airflow.sdk.exceptions import AirflowFailException

from transforms import DATASETS
from transforms.errors import OutlookError

SELLERS, LISTINGS, INQUIRIES = (
    Asset(name=f"lake_{dataset}", uri=f"outlook://lake/{dataset}") for dataset in DATASETS
)
PUBLISHED = Asset(name="warehouse", uri="outlook://warehouse")


@dag(
    dag_id="warehouse",
    description="Build, check and publish once a night's three partitions are in",
    schedule=PartitionedAssetTimetable(assets=SELLERS & LISTINGS & INQUIRIES),
    params={"export_date": Param(None, type=["null", "string"], format="date")},
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": "data-engineering",
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
    },
    tags=["warehouse"],
    doc_md=__doc__,
)
def warehouse() -> None:
    @task(outlets=[PUBLISHED])
    def publish_version(*, dag_run=None, params=None, outlet_events=None) -> None:  # type: ignore[no-untyped-def]
        from warehouse import nightly

        try:
            version = nightly.publish_night(dag_run.partition_key or params["export_date"])
        except OutlookError as error:
            raise AirflowFailException(str(error)) from error
        outlet_events[PUBLISHED].extra = version

    @task(trigger_rule="all_done")
    def summary(*, dag_run=None, params=None) -> str:  # type: ignore[no-untyped-def]
        from warehouse import nightly

        return nightly.summary(dag_run.partition_key or params["export_date"])

    @task(trigger_rule="one_failed")
    def publication_failed() -> None:
        # The summary always succeeds; without this the run would look green.
        raise AirflowFailException("nothing was published: see the log of publish_version")

    published = publish_version()
    published >> [summary(), publication_failed()]


warehouse()
