"""dlt: its pipeline loads Arrow batches that the hand-written SQL cleans."""

import os
from pathlib import Path

from tests.bench.peers import sql


def run(files: list[Path], out: Path) -> None:
    """Loads both tables into a folder of Parquet files, then names them as the others do."""
    os.environ |= {
        "DLT_DATA_DIR": str(out / "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
    }
    import dlt

    pipeline = dlt.pipeline(
        "night",
        pipelines_dir=str(out / "pipelines"),
        destination=dlt.destinations.filesystem(bucket_url=str(out / "loaded")),
        dataset_name="night",
    )
    with sql.opened(files) as db:
        tables = [
            dlt.resource(sql.batches(db, name), name=name, write_disposition="replace")
            for name in ("accepted", "rejected")
        ]
        for table in tables:
            pipeline.run(table, loader_file_format="parquet")
    for name in ("accepted", "rejected"):
        (loaded,) = (out / "loaded/night" / name).glob("*.parquet")
        loaded.rename(out / f"{name}.parquet")
