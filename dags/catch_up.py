"""Every hour: loads what was delivered late or corrected, and publishes what is complete and not
yet published.

Of the last fourteen due nights it loads each export whose delivery is not what the receipt saw: one
that came after the nightly run had given up, one that was corrected, one of a night that no run was
started for. Then it publishes, also after `outlook release-night`. So a red run need not be
cleared. What had been told as late, failed or held is told as recovered.
"""

from typing import Any

from airflow.sdk import dag, task

from dags import lineage
from dags.assets import LAKE, PUBLISHED
from dags.defaults import POOL, RUN_TIMEOUT, default_args
from dags.telling import tell, tell_overtime, tell_unsent, verdict


@dag(
    dag_id="catch_up",
    description="Load late and corrected deliveries, publish what is complete",
    schedule="17 * * * *",
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    default_args=default_args(),
    on_failure_callback=tell_overtime,
    tags=["lake", "warehouse"],
    doc_md=__doc__,
)
def catch_up() -> None:
    @task(outlets=[*LAKE.values(), PUBLISHED], pool=POOL)
    def load_and_publish(*, outlet_events=None, task=None) -> None:  # type: ignore[no-untyped-def]
        """Loads what changed, publishes what is complete, and says what recovered."""
        from warehouse import nightly

        loaded: dict[str, list[dict[str, Any]]] = {}

        def on_load(receipt: dict[str, Any]) -> None:
            loaded.setdefault(receipt["dataset"], []).append(receipt)
            lineage.loaded(receipt["dataset"], receipt)

        def on_publish(version: dict[str, Any]) -> None:
            task.outlets = [*task.outlets, PUBLISHED]
            outlet_events[PUBLISHED].add_partitions(version["folder"][:10])
            outlet_events[PUBLISHED].extra = version
            lineage.published(version)

        # Announces what it touched and nothing else.
        task.outlets = []
        with verdict("catch_up"):
            tell_unsent()
            nightly.catch_up(tell=tell, on_load=on_load, on_publish=on_publish)
        for dataset, receipts in loaded.items():
            asset = LAKE[dataset]
            task.outlets = [*task.outlets, asset]
            outlet_events[asset].add_partitions([r["export_date"] for r in receipts])
            # All events of a task for one asset share what they carry.
            outlet_events[asset].extra = receipts[0] if len(receipts) == 1 else {"nights": receipts}

    load_and_publish()


catch_up()
