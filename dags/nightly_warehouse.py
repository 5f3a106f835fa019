"""Once all three exports of a night count: builds, checks and publishes, then logs a summary.

The new version is a new file, put in place by a rename, so readers of the old one are not
disturbed. If a check fails, nothing is published. The summary is a single log record. The night is
announced by the load that completes it, so a dataset that is loaded again publishes again.

By hand: trigger the DAG with a Partition Key, or with `export_date`.
"""

from airflow.sdk import Param, PartitionedAssetTimetable, dag, task

from dags import lineage
from dags.assets import LAKE, NIGHT, PUBLISHED
from dags.defaults import POKE_TIMEOUT, RUN_TIMEOUT, SHOWS_NIGHT, default_args
from dags.telling import tell_overtime, tell_recovered, verdict


@dag(
    dag_id="warehouse",
    description="Build, check and publish once a night's three partitions are in",
    schedule=PartitionedAssetTimetable(assets=NIGHT),
    params={
        "export_date": Param(
            None,
            type=["null", "string"],
            format="date",
            description="The night to publish, where the run has no Partition Key",
        )
    },
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    default_args=default_args(retries=2),
    on_failure_callback=tell_overtime,
    tags=["warehouse"],
    doc_md=__doc__,
)
def warehouse() -> None:
    @task(inlets=list(LAKE.values()), outlets=[PUBLISHED], map_index_template=SHOWS_NIGHT)
    def publish_version(*, dag_run=None, params=None, outlet_events=None) -> None:  # type: ignore[no-untyped-def]
        """Publishes the night, unless nothing in the lake has changed since the live version."""
        from warehouse import nightly

        with verdict("warehouse", nightly.night_or_none(dag_run.partition_key, params)):
            night = nightly.night_asked(dag_run.partition_key, params)
            version = nightly.publish_night(night)
        outlet_events[PUBLISHED].add_partitions(f"{night}")
        outlet_events[PUBLISHED].extra = version
        lineage.published(version)
        tell_recovered(nightly.recovered)

    @task(execution_timeout=POKE_TIMEOUT, map_index_template=SHOWS_NIGHT)
    def summary(*, dag_run=None, params=None) -> str:  # type: ignore[no-untyped-def]
        """The night on one screen: rows, the live version, headline figures."""
        from warehouse import nightly

        return nightly.summary(nightly.night_asked(dag_run.partition_key, params))

    publish_version() >> summary()


warehouse()
