"""What a lake in a bucket costs: `python -m tests.bucket.measure [--scale 0.385] [--ways …]`.

A night is loaded, folded and built on top of two others, with its lake in a folder and in a bucket
of a server on this machine, by turns. Seconds are of this process; requests are by kind. The ways
are `folder`, `bucket`, `cold` (as on a machine that has no copies yet), and `fsspec`: DuckDB reads
the bucket itself through s3fs, which is in no list of this project, and nothing is verified.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any
from unittest.mock import patch

from tests.sources import servers
from transforms import DATASETS, engine
from transforms import night as line
from transforms.lake import Lake
from transforms.place.bucket import Bucket, _hashed
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from warehouse.build.build import build

NIGHTS = (date(2022, 6, 28), date(2022, 6, 29), date(2022, 6, 30))
KEY = "a key for tests of thirty-two ch"


class Asked(Counter[str]):
    """Requests by kind, as boto3 sends them."""

    def watch(self, chosen: Settings) -> None:
        if isinstance(chosen.place, Bucket):
            events = chosen.place.objects.client.s3.meta.events
            events.register("before-send.s3", self._count)

    def _count(self, request: Any, **_: Any) -> None:
        is_list = "list-type=2" in request.url
        self["LIST" if is_list else request.method] += 1


def cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def timed(do: Callable[[], object]) -> dict[str, float]:
    wall, used = time.monotonic(), cpu()
    do()
    return {"wall_s": round(time.monotonic() - wall, 2), "cpu_s": round(cpu() - used, 2)}


def night(chosen: Settings, number: int, is_cold: bool = False) -> dict[str, Any]:
    """A night in its steps: loaded, folded, and built; each without any copy here if it is cold."""
    asked = Asked()
    asked.watch(chosen)
    found: dict[str, Any] = {}

    def settle() -> None:
        for dataset in DATASETS:
            with Lake(chosen.place).lock(dataset):
                line.settle(Lake(chosen.place), dataset, chosen)

    steps: dict[str, Callable[[], object]] = {
        "load": lambda: [line.load(d, NIGHTS[number], chosen) for d in DATASETS],
        "fold": settle,
        "build": lambda: build(chosen),
    }
    for name, do in steps.items():
        asked.clear()
        if is_cold:
            shutil.rmtree(chosen.lake / "files", ignore_errors=True)
            shutil.rmtree(chosen.lake / "documents", ignore_errors=True)
        found[name] = {**timed(do), "requests": dict(asked)}
    return found


@contextmanager
def through_fsspec(chosen: Settings) -> Iterator[None]:
    """DuckDB reads the bucket by itself, and nothing is verified."""
    assert isinstance(chosen.place, Bucket)
    client = chosen.place.objects.client
    address = client.address
    system = import_module("s3fs").S3FileSystem(  # in no list of this project
        key=os.environ["AWS_ACCESS_KEY_ID"],
        secret=os.environ["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=address.options["endpoint_url"],
        use_listings_cache=False,
        default_cache_type="none",
    )
    opened = engine._open

    def _open(*of: Any, **more: Any) -> Any:
        db = opened(*of, **more)
        db.register_filesystem(system)
        return db

    def verified(self: Bucket, name: PurePosixPath, digest: str) -> Any:
        return f"s3://{address.host}{address.path}/{_hashed(name, digest)}"

    with patch.object(engine, "_open", _open), patch.object(Bucket, "verified", verified):
        yield


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=0.385)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--ways", nargs="+", default=["folder", "bucket", "cold"])
    chosen = parser.parse_args()
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="outlook-measure-") as folder:
        room = Path(folder)
        write_sample(room / "sample", NIGHTS[0], NIGHTS[-1], scale=chosen.scale)
        (room / "weed").mkdir()
        with servers.weed(room / "weed") as server:
            os.environ.update({k: v for k, v in server.environ.items() if k.startswith("AWS_")})
            at = server.environ["OUTLOOK_LAKE_ENDPOINT_URL"].replace("{port}", str(server.port))
            for repeat in range(chosen.repeat):
                for way in chosen.ways:
                    home = room / f"{way}-{repeat}"
                    environ = {"OUTLOOK_HOME": str(home), "OUTLOOK_KEY": KEY}
                    if way != "folder":
                        environ["OUTLOOK_LAKE"] = f"s3://lake/{home.name}"
                        environ["OUTLOOK_LAKE_ENDPOINT_URL"] = at
                    shutil.copytree(room / "sample", home / "exports")
                    of = settings(environ)
                    for number in (0, 1):
                        night(of, number)
                    if way == "fsspec":
                        with through_fsspec(of):
                            found = night(of, 2)
                    else:
                        found = night(of, 2, is_cold=way == "cold")
                    runs.append({"way": way, "repeat": repeat, **found})
                    print(json.dumps(runs[-1]), flush=True)
                    shutil.rmtree(home)
    for way in chosen.ways:
        for step in ("load", "fold", "build"):
            of_way = [r[step] for r in runs if r["way"] == way]
            cpus = statistics.median(r["cpu_s"] for r in of_way)
            walls = statistics.median(r["wall_s"] for r in of_way)
            print(f"{way:8} {step:6} {cpus:7.2f} CPU s {walls:7.2f} s  {of_way[-1]['requests']}")


if __name__ == "__main__":
    main()
