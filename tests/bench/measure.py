"""The benchmark: one night beside a floor, each in a process of its own.

`floor` is the least that any program must do with such a night: unpack, split into fields and
write them as Parquet. `clean` reads, cleans and checks, and writes nothing. `night` is the whole
line: exports, lake, warehouse, published.
"""

import gzip
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

LISTINGS = 3_200_000
NIGHT = date(2022, 6, 30)
NAMES = ("floor", "clean", "night")


def measure(
    scale: float, repeat: int, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Runs each of NAMES `repeat` times on a night of `scale` times 3.2 million listings."""
    from tests.bench.large_night import write_listings_night

    rows = round(LISTINGS * scale)
    with tempfile.TemporaryDirectory(prefix="outlook-bench-") as folder:
        home = Path(folder)
        size = write_listings_night(home / "exports", NIGHT, rows)
        runs = []
        for number in range(repeat):
            for name in NAMES:
                shutil.rmtree(home / "lake", ignore_errors=True)
                shutil.rmtree(home / "published", ignore_errors=True)
                runs.append({"name": name, "repeat": number + 1, **_in_a_child(name, home)})
                if progress:
                    progress(len(runs), repeat * len(NAMES))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return {
        "machine": {
            "cpus": os.cpu_count(),
            "memory_mib": memory,
            "python": platform.python_version(),
        },
        "rows": rows,
        "bytes": size,
        "history_nights": 0,
        "runs": runs,
    }


def _in_a_child(name: str, home: Path) -> dict[str, float]:
    environment = {**os.environ, "OUTLOOK_HOME": str(home), "OUTLOOK_KEY": "k" * 32}
    for setting in ("EXPORTS", "LAKE", "PUBLISHED"):
        environment.pop(f"OUTLOOK_{setting}", None)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.measure", name],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout))


def _floor(home: Path) -> None:
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    for path in sorted((home / "exports" / f"{NIGHT}").glob("listings*")):
        plain = home / "floor.csv"
        with gzip.open(path) as packed, plain.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
        reader = pacsv.open_csv(plain)
        with pq.ParquetWriter(home / "floor.parquet", reader.schema, compression="zstd") as out:
            for batch in reader:
                out.write_batch(batch)


def _clean(home: Path) -> None:
    from transforms.check import check
    from transforms.clean import CLEANERS, Context
    from transforms.deliveries.exports import deliveries
    from transforms.deliveries.landing import land
    from transforms.deliveries.unpack import unpack
    from transforms.read import open_export
    from transforms.read.opened import Noted
    from transforms.settings import settings

    chosen = settings()
    context = Context(NIGHT, chosen.market, chosen.hashing_key())
    scratch = home / "clean"
    scratch.mkdir(exist_ok=True)
    for file in deliveries(chosen.exports, NIGHT)[0].of("listings"):
        landed = land(file, NIGHT, scratch)
        plain = unpack(landed, scratch)
        export = open_export(plain.path, plain.name, "listings")
        for batch in export.batches(Noted()):
            raw, _ = export.layout.raw_fields(batch.table)
            check(CLEANERS["listings"](raw, context), raw, "listings")


def _night(home: Path) -> None:
    from transforms import DATASETS
    from transforms.night import run
    from transforms.settings import settings
    from warehouse.build.build import build

    chosen = settings()
    for dataset in DATASETS:
        run(dataset, NIGHT, chosen)
    build(chosen)


def _child(name: str) -> None:
    """Runs one of them here and prints what it took; the start of the process is not counted."""
    import duckdb  # noqa: F401
    import pandera.pandas  # noqa: F401

    import transforms.night  # noqa: F401
    import warehouse.build  # noqa: F401

    home = Path(os.environ["OUTLOOK_HOME"])
    wall, cpu = time.perf_counter(), time.process_time()
    {"floor": _floor, "clean": _clean, "night": _night}[name](home)
    peak = sum(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    taken = {
        "wall_s": round(time.perf_counter() - wall, 3),
        "cpu_s": round(time.process_time() - cpu, 3),
        "peak_mib": round(peak / 1024, 1),
    }
    sys.stdout.write(json.dumps(taken))


if __name__ == "__main__":
    _child(sys.argv[1])
