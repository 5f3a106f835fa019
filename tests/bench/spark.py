"""`python -m tests.bench.spark`: one night of listings on a Spark cluster of one worker and of two.

The cluster is on this machine, a core for each worker. `start` is what the first load costs before
its first piece is made; `pieces` is the time in which the pieces were made, `load` the whole load
from delivery to receipt. Where nothing else runs, two workers on two cores should halve `pieces`.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from tests.bench.measure import LISTINGS, NIGHT
from tests.transforms.pieces.cluster import KEY, cluster, lacking
from warehouse.cli import terminal


def measure(scale: float, repeat: int) -> list[dict[str, Any]]:
    """Medians by number of workers, in seconds of wall; the clusters take turns."""
    from tests.bench.dirt import make_dirty
    from tests.bench.large_night import write_listings_night

    rows = round(LISTINGS * scale)
    with tempfile.TemporaryDirectory(prefix="outlook-spark-") as folder:
        home = Path(folder)
        write_listings_night(home / "exports", NIGHT, rows)
        make_dirty(home / "exports" / f"{NIGHT}")
        runs = [
            {"workers": workers, **_on_cluster(home, workers, number)}
            for number in range(repeat)
            for workers in (1, 2)
        ]
    found = []
    for workers in (1, 2):
        of = [run for run in runs if run["workers"] == workers]
        row: dict[str, Any] = {"workers": workers}
        row |= {n: statistics.median(r[n] for r in of) for n in ("start", "pieces", "load")}
        found.append({**row, "rows_per_s": round(rows / row["pieces"])})
    one, two = found
    ratio = {n: one[n] / two[n] for n in ("start", "pieces", "load")}
    return [*found, {"workers": "ratio"} | ratio | {"rows_per_s": None}]


def _on_cluster(home: Path, workers: int, number: int) -> dict[str, float]:
    from transforms import night as line
    from transforms.pieces import spark
    from transforms.settings import settings

    own = home / f"{workers}-{number}"
    (own / "spark").mkdir(parents=True)
    with cluster(own / "spark", workers) as master:
        os.environ |= {
            "OUTLOOK_HOME": str(own),
            "OUTLOOK_EXPORTS": str(home / "exports"),
            "OUTLOOK_ENGINE": "spark",
            "OUTLOOK_SPARK": master,
            "OUTLOOK_WORKERS": f"{workers}",
            "OUTLOOK_KEY": KEY,
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        chosen, taken = settings(), [0.0]
        begun = time.perf_counter()
        line.load("sellers", NIGHT, chosen)
        start = time.perf_counter() - begun
        with _timed(spark.Spark, taken):
            begun = time.perf_counter()
            receipt = line.load("listings", NIGHT, chosen)
            load = time.perf_counter() - begun
        assert receipt.is_usable and receipt.export_date == date.fromisoformat(f"{NIGHT}")
        spark.session(master, "").stop()
    return {"start": start, "pieces": taken[0], "load": load}


class _timed:
    """Within it, the time that an engine's jobs take is added up, from the first to the last."""

    def __init__(self, engine: Any, taken: list[float]) -> None:
        self._engine, self._taken, self._map = engine, taken, engine.map

    def __enter__(self) -> None:
        real, taken = self._map, self._taken

        def timed(
            engine: Any, function: Callable[[Any], Any], jobs: Iterable[Any]
        ) -> Iterator[Any]:
            first: list[float] = []

            def begun() -> Iterator[Any]:
                for job in jobs:
                    first[:1] = first[:1] or [time.perf_counter()]
                    yield job

            yield from real(engine, function, begun())
            taken[0] += time.perf_counter() - first[0] if first else 0.0

        self._engine.map = timed

    def __exit__(self, *_: object) -> None:
        self._engine.map = self._map


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.spark", description=__doc__)
    parser.add_argument("--scale", type=float, default=0.3, help="1.0 is 3.2 million listings")
    parser.add_argument("--repeat", type=int, default=3, help="clusters of each size")
    asked = parser.parse_args()
    if absent := lacking():
        print(f"no Spark: {absent}. Nothing was measured.", file=sys.stderr)
        return 1
    found = measure(asked.scale, asked.repeat)
    terminal.print_rows(found, f"{round(LISTINGS * asked.scale):,} listings, seconds of wall")
    return 0


if __name__ == "__main__":
    sys.exit(main())
