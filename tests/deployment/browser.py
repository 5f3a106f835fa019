"""Airflow's pages in Chromium: the trigger form, and pictures of what an operator sees."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.deployment.servers import Airflow

WIDTH, HEIGHT = 1440, 900


def is_there() -> bool:
    return shutil.which("chromium") is not None


@contextmanager
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        try:
            yield chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        finally:
            chromium.close()


def trigger(page: Page, url: str, dag: str, export_date: str) -> None:
    """Fills in the trigger form as a person would, and sends it."""
    page.goto(f"{url}/dags/{dag}")
    page.get_by_role("button", name="Trigger").first.click()
    form = page.get_by_role("dialog")
    form.locator("#element_export_date").fill(export_date)
    form.get_by_role("button", name="Trigger").click()
    form.wait_for(state="detached")


def take(airflow: Airflow, folder: Path) -> None:
    """Pictures of the grid, of the last failed task and of the assets."""
    folder.mkdir(parents=True, exist_ok=True)
    failed = airflow.tasks(state="failed", order_by="-start_date")[:1]
    shots = {
        "home": "/",
        "dags": "/dags",
        "grid": "/dags/lake_listings",
        "runs": "/dags/lake_listings/runs",
        "warehouse": "/dags/warehouse",
        "assets": "/assets",
    }
    for task in failed:
        where = f"/dags/{task['dag_id']}/runs/{task['dag_run_id']}"
        shots |= {"failed-run": where, "failed-task": f"{where}/tasks/{task['task_id']}"}
    with page() as screen:
        for name, path in shots.items():
            screen.goto(f"{airflow.url}{path}")
            screen.wait_for_load_state("networkidle")
            screen.wait_for_timeout(1500)
            screen.screenshot(path=folder / f"{name}.png")
