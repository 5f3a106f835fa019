"""The benchmark: one night, and others at the same work, each in a process of its own.

`floor` is the least that any program must do with such a night: unpack, split into fields and
write them as Parquet. `clean` reads, cleans and checks, and writes nothing. `load` takes the
listings from delivery to receipt; the peers clean the same listings to the same sums (see
`tests/bench/peers`). `night` is the whole line: exports, lake, warehouse, published.
"""

import gzip
import importlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
from isal import igzip

from tests.bench import sums

LISTINGS = 3_200_000
NIGHT = date(2022, 6, 30)
PEERS = {"polars": "frames", "duckdb_sql": "sql", "dlt": "loader", "pandas_naive": "naive"}
MODULES = {"polars": "polars", "duckdb_sql": "duckdb", "dlt": "dlt", "pandas_naive": "pandas"}
NAMES = ("floor", "clean", "load", "night", *PEERS)
LOOKS_A_SECOND = 10  # at the memory of a run's processes

Progress = Callable[[int, int], None]


def measure(
    scale: float,
    repeat: int,
    names: Sequence[str] = NAMES,
    is_dirty: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs each of `names` in turn, `repeat` times over, on `scale` times 3.2 million listings.

    Raises AssertionError where a peer's sums or rejects are not those of `load`, LookupError where
    a peer is not installed.
    """
    from tests.bench.dirt import make_dirty
    from tests.bench.large_night import write_listings_night

    for name in names:
        if name in PEERS and find_spec(MODULES[name]) is None:
            raise LookupError(f"{name} is not installed: `make bench` installs it")
    rows = round(LISTINGS * scale)
    with tempfile.TemporaryDirectory(prefix="outlook-bench-") as folder:
        home = Path(folder)
        size = write_listings_night(home / "exports", NIGHT, rows)
        if is_dirty:
            size = make_dirty(home / "exports" / f"{NIGHT}")
        runs: list[dict[str, Any]] = []
        made: dict[str, dict[str, Any]] = {}
        for number in range(repeat):
            for name in names:
                _clear(home)
                runs.append({"name": name, "repeat": number + 1, **_in_a_child(name, home)})
                if name == "load" or name in PEERS:
                    made[name] = _sums(name, home)
                if progress:
                    progress(len(runs), repeat * len(names))
        _hold_equal(made)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return {
        "machine": {
            "cpus": os.cpu_count(),
            "memory_mib": memory,
            "python": platform.python_version(),
        },
        "rows": rows,
        "bytes": size,
        "dirty": is_dirty,
        "history_nights": 0,
        "runs": runs,
        "medians": _medians(runs),
    }


def _clear(home: Path) -> None:
    for own in home.iterdir():
        if own.name != "exports":
            shutil.rmtree(own) if own.is_dir() else own.unlink()


def _medians(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By name, the medians of its runs."""
    names = dict.fromkeys(run["name"] for run in runs)
    return [
        {"name": name}
        | {
            unit: statistics.median(run[unit] for run in runs if run["name"] == name)
            for unit in ("wall_s", "cpu_s", "peak_mib")
        }
        for name in names
    ]


def _sums(name: str, home: Path) -> dict[str, Any]:
    if name in PEERS:
        return sums.of_peer(home / name)
    (partition,) = (home / "lake/listings" / f"{NIGHT}").iterdir()
    return sums.of_night(partition)


def _hold_equal(made: dict[str, dict[str, Any]]) -> None:
    ours = made.get("load")
    for name, theirs in made.items():
        if ours and (different := sums.differences(ours, theirs)):
            raise AssertionError(f"{name} made other figures of the same bytes: {different}")


def _in_a_child(name: str, home: Path) -> dict[str, float]:
    environment = {**os.environ, "OUTLOOK_HOME": str(home), "OUTLOOK_KEY": "k" * 32}
    for setting in ("EXPORTS", "LAKE", "PUBLISHED"):
        environment.pop(f"OUTLOOK_{setting}", None)
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.measure", name],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak: list[float] = [0.0]
    watcher = threading.Thread(target=_watch, args=(child.pid, peak))
    watcher.start()
    said, errors = child.communicate()
    watcher.join()
    if child.returncode:
        raise RuntimeError(f"{name} failed:\n{errors}")
    return {**json.loads(said), "peak_mib": round(peak[0], 1)}


def _watch(pid: int, peak: list[float]) -> None:
    """Keeps the most memory that the process and its children had together, in MiB; pages that they
    share count once."""
    while psutil.pid_exists(pid):
        together = 0.0
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return
            for one in (process, *process.children(recursive=True)):
                together += one.memory_full_info().pss / (1 << 20)
        except psutil.Error:
            continue  # one of them has just ended
        peak[0] = max(peak[0], together)
        time.sleep(1 / LOOKS_A_SECOND)


def _floor(home: Path) -> None:
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    skip = pacsv.ParseOptions(invalid_row_handler=lambda _: "skip")
    as_text = pacsv.ConvertOptions(column_types=dict.fromkeys(_headers(home), "string"))
    for plain in _unpacked(home):
        reader = pacsv.open_csv(plain, parse_options=skip, convert_options=as_text)
        with pq.ParquetWriter(home / "floor.parquet", reader.schema, compression="zstd") as out:
            for batch in reader:
                out.write_batch(batch)


def _headers(home: Path) -> list[str]:
    first = min((home / "exports" / f"{NIGHT}").glob("listings*"))
    with gzip.open(first, "rt", encoding="utf-8") as file:
        return file.readline().strip().split(",")


def _unpacked(home: Path) -> list[Path]:
    files = []
    for path in sorted((home / "exports" / f"{NIGHT}").glob("listings*")):
        plain = home / path.name.removesuffix(".gz")
        packed = igzip.open(path)  # type: ignore[no-untyped-call]  # as the load does
        with packed, plain.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
        files.append(plain)
    return files


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


def _load(home: Path) -> None:
    from transforms.night import load
    from transforms.settings import settings

    load("listings", NIGHT, settings())


def _night(home: Path) -> None:
    from transforms import DATASETS
    from transforms.night import run
    from transforms.settings import settings
    from warehouse.build.build import build

    chosen = settings()
    for dataset in DATASETS:
        run(dataset, NIGHT, chosen)
    build(chosen)


def _peer(name: str, home: Path) -> None:
    out = home / name
    out.mkdir()
    importlib.import_module(f"tests.bench.peers.{PEERS[name]}").run(_unpacked(home), out)


def _child(name: str) -> None:
    """Runs one of them here and prints what it took; the start of the process is not counted."""
    home = Path(os.environ["OUTLOOK_HOME"])
    if name in PEERS:
        importlib.import_module(f"tests.bench.peers.{PEERS[name]}")
    elif name != "floor":
        import transforms.night  # noqa: F401
        import warehouse.build  # noqa: F401
    wall, before = time.perf_counter(), cpu()
    if name in PEERS:
        _peer(name, home)
    else:
        {"floor": _floor, "clean": _clean, "load": _load, "night": _night}[name](home)
    taken = {
        "wall_s": round(time.perf_counter() - wall, 3),
        "cpu_s": round(cpu() - before, 3),
    }
    sys.stdout.write(json.dumps(taken))


def cpu() -> float:
    """Seconds of CPU of this process, of its children that have ended, and of those that run: the
    server that a pool's processes are forked from is one, and has those of the pool."""
    taken = sum(os.times()[:4])
    for one in psutil.Process().children(recursive=True):
        taken += sum(one.cpu_times()[:4])
    return taken


if __name__ == "__main__":
    _child(sys.argv[1])
