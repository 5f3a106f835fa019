"""OpenLineage events of a real task, by the file transport: rows and rejects as facets."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.test_catch_up import FIRST
from transforms.sample import write_sample

ROOT = Path(__file__).parents[1]
CODE = """
import json
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb
initdb()
root = Path.cwd()
bag = DagBag(root / "dags", bundle_path=root, bundle_name="dags-folder")
run = bag.dags["lake_sellers"].test(run_conf={"export_date": "2022-04-01"})
assert run.state == "success", run.state
run = bag.dags["catch_up"].test()
assert run.state == "success", run.state
from airflow.models.asset import AssetEvent
from airflow.utils.session import create_session
with create_session() as session:
    for event in session.query(AssetEvent).filter_by(source_dag_id="catch_up"):
        print("event", json.dumps([event.asset.name, event.partition_key, event.extra]))
"""


def test_a_load_tells_its_rows_and_its_rejects(home: Path, tmp_path: Path) -> None:
    if find_spec("airflow.providers.openlineage") is None:
        pytest.skip("the extra openlineage is not installed: no event was looked at")
    write_sample(home / "exports", FIRST, FIRST, scale=0.02)
    census = home / "exports" / f"{FIRST}" / "sellers.csv"
    (home / "exports" / f"{FIRST}" / "manifest.json").unlink(missing_ok=True)
    rows = census.read_bytes().splitlines(keepends=True)
    census.write_bytes(b"".join([*rows, b"," * rows[0].count(b",") + b"\\n"]))
    events = tmp_path / "events.json"
    transport = {"type": "file", "log_file_path": str(events), "append": True}
    airflow = tmp_path / "airflow"
    environ = {
        **os.environ,
        "AIRFLOW_HOME": str(airflow),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow}/airflow.db",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "outlook",
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in events.read_text("utf-8").splitlines()]
    outputs = [
        output
        for event in told
        if event["job"]["name"].endswith("load_partition")
        for output in event.get("outputs", [])
    ]
    (counted,) = [o for o in outputs if "outlook" in o.get("outputFacets", {})]
    assert (counted["namespace"], counted["name"]) == ("file", "/outlook/lake/sellers")
    receipt = json.loads((home / "lake" / "receipts" / "sellers" / f"{FIRST}.json").read_text())
    facets = counted["outputFacets"]
    assert facets["outputStatistics"]["rowCount"] == receipt["rows"]["accepted"] > 0
    assert facets["outlook"]["rowsRejected"] == receipt["rows"]["rejected"]
    assert facets["outlook"]["reasons"] == receipt["reasons"]
    of_complete = {
        (o["namespace"], o["name"])
        for event in told
        if event["eventType"] == "COMPLETE" and event["job"]["name"].endswith("load_partition")
        for o in event.get("outputs", [])
    }
    assert of_complete == {("file", "/outlook/lake/sellers")}, "the night is not complete"
    # `catch_up` loads the rest of the night and publishes it, and tells the same of it.
    emitted = {
        (o["name"], json.dumps(o["outputFacets"].get("outputStatistics", {}).get("rowCount")))
        for event in told
        if event["job"]["name"].endswith("load_and_publish")
        for o in event.get("outputs", [])
        if "outlook" in o.get("outputFacets", {})
    }
    lines = [line for line in done.stdout.splitlines() if line.startswith("event ")]
    announced = {name: (key, extra) for name, key, extra in (json.loads(x[6:]) for x in lines)}
    assert {key for key, _ in announced.values()} == {f"{FIRST}"}
    rows_of = {d: announced[f"lake_{d}"][1]["rows"]["accepted"] for d in ("listings", "inquiries")}
    assert announced["warehouse"][1]["folder"] == f"{FIRST}"
    assert len(announced) == 3
    assert emitted == {
        ("/outlook/published", "null"),
        *((f"/outlook/lake/{d}", f"{rows}") for d, rows in rows_of.items()),
    }
