"""Once a year, after approval: freezes the fiscal year that ended, publishes it, makes its report.

It starts three months after the year, at 06:00 UTC: on 1 October in Pakistan, on 1 July in India.

The run stops unless the newest census is of that year's end. It shows the figures as a table and
waits for a person's approval, so that unpausing this DAG releases nothing by itself.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowFailException

from transforms.errors import OutlookError
from transforms.settings import settings


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
    default_args={
        "owner": "data-engineering",
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
    },
    tags=["outlook"],
    doc_md=__doc__,
)
def outlook() -> None:
    @task
    def due(*, dag_run=None, params=None) -> str:  # type: ignore[no-untyped-def]
        from warehouse import yearly

        try:
            asked = yearly.edition_of(params)
            return yearly.due(asked, dag_run.run_after.date(), params["reason"])
        except OutlookError as error:
            raise AirflowFailException(str(error)) from error

    @task
    def changes(edition: str, *, params=None) -> str:  # type: ignore[no-untyped-def]
        from warehouse import yearly

        try:
            return yearly.changes(edition, params["reason"])
        except OutlookError as error:
            raise AirflowFailException(str(error)) from error

    @task
    def release(edition: str, *, ti=None, params=None) -> dict[str, Any]:  # type: ignore[no-untyped-def]
        from warehouse import yearly

        by = yearly.approver(ti.xcom_pull(task_ids="approve"))
        try:
            return yearly.release(edition, by, params["reason"])
        except OutlookError as error:
            raise AirflowFailException(str(error)) from error

    edition = due()
    table = changes(edition)  # type: ignore[arg-type]
    approve = ApprovalOperator(
        task_id="approve",
        subject="Release {{ ti.xcom_pull(task_ids='due') }}?",
        body="{{ ti.xcom_pull(task_ids='changes') }}",
    )
    table >> approve >> release(edition)  # type: ignore[arg-type]


outlook()
