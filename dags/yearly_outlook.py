"""Once a year, after approval: freezes the fiscal year that ended, publishes it, makes its report.

It starts three months after the year, at 06:00 UTC: on 1 October in Pakistan, on 1 July in India.

The run stops unless the newest census is of that year's end. It shows the figures as a table and
waits for a person's approval, so that unpausing this DAG releases nothing by itself.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag, task

from dags.defaults import default_args
from dags.telling import tell_overtime, tell_recovered, verdict
from transforms.settings import settings

PATIENCE = timedelta(days=60)  # for the person who approves


@dag(
    dag_id="outlook",
    description="Approve, freeze and release the fiscal year that ended three months ago",
    schedule=f"0 6 1 {settings().market.final_month} *",
    params={
        "edition": Param(None, type=["null", "string"], description="FY2022, say"),
        "reason": Param(
            None, type=["null", "string"], description="of a revision, or of nights missing"
        ),
    },
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=PATIENCE + timedelta(days=1),
    default_args=default_args(retries=2),
    on_failure_callback=tell_overtime,
    tags=["outlook"],
    doc_md=__doc__,
)
def outlook() -> None:
    @task
    def due(*, dag_run=None, params=None) -> str:  # type: ignore[no-untyped-def]
        """Picks the year that ended; stops if its last nights are missing."""
        from warehouse import yearly

        with verdict("outlook"):
            asked = yearly.edition_of(params)
            return yearly.due(asked, dag_run.run_after.date(), params["reason"])

    @task
    def changes(edition: str, *, params=None) -> str:  # type: ignore[no-untyped-def]
        """The headline figures next to those frozen before, for the person who approves."""
        from warehouse import yearly

        with verdict("outlook"):
            return yearly.changes(edition, params["reason"])

    @task
    def release(edition: str, *, ti=None, params=None) -> dict[str, Any]:  # type: ignore[no-untyped-def]
        """Freezes the edition, publishes a file that shows it as final, and makes its report."""
        from warehouse import nightly, yearly

        by = yearly.approver(ti.xcom_pull(task_ids="approve"))
        with verdict("outlook"):
            released = yearly.release(edition, by, params["reason"])
        tell_recovered(lambda: nightly.works_again("outlook"))
        return released

    edition = due()
    table = changes(edition)  # type: ignore[arg-type]
    approve = ApprovalOperator(
        task_id="approve",
        doc_md="Waits up to 60 days for a person to approve or reject the figures of its table. "
        "Nothing is released before, nor if nobody answers.",
        response_timeout=PATIENCE,
        subject="Release {{ ti.xcom_pull(task_ids='due') }}?",
        body="{{ ti.xcom_pull(task_ids='changes') }}",
    )
    table >> approve >> release(edition)  # type: ignore[arg-type]


outlook()
