"""`python -m tests.deployment nights|workers|soak` runs a scenario and prints its table."""

import argparse
import sys
import time
from pathlib import Path

from tests.deployment import soak, workers
from tests.deployment.nights import BEGIN, TwelveNights
from tests.deployment.servers import one_machine, two_workers
from tests.deployment.services import lacking


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.deployment", description=__doc__)
    parser.add_argument("scenario", choices=("nights", "workers", "soak"))
    parser.add_argument("--celery", action="store_true", help="PostgreSQL, Redis, two workers")
    parser.add_argument("--scale", type=float, default=0.02, help="size of the sample")
    parser.add_argument(
        "--scheduled", action="store_true", help="only the seven nights that the scheduler starts"
    )
    parser.add_argument("--nights", type=int, default=60, help="of the soak")
    parser.add_argument("--seed", type=int, default=1, help="of the soak")
    parser.add_argument("--keep", type=Path, help="keep logs and data in this new folder")
    parser.add_argument("--shots", type=Path, help="write pictures of the UI to this folder")
    asked = parser.parse_args()
    asked.celery |= asked.scenario == "workers"
    if asked.celery and (absent := lacking()):
        print(f"this machine lacks {', '.join(absent)}: nothing was run", file=sys.stderr)
        return 1
    begun = time.monotonic()
    deployment = two_workers if asked.celery else one_machine
    if asked.scenario == "nights":
        with deployment(BEGIN, asked.keep) as airflow:
            record = TwelveNights(airflow, asked.scale, asked.shots, not asked.scheduled).run()
    elif asked.scenario == "workers":
        with deployment(workers.BEGIN, asked.keep) as airflow:
            record = workers.LostWorkers(airflow, asked.scale).run()
    else:
        with deployment(soak.begin(asked.nights), asked.keep) as airflow:
            record = soak.Soak(airflow, asked.nights, asked.scale, asked.seed).run()
    print(f"\n{'Celery' if asked.celery else 'SQLite'}, {time.monotonic() - begun:.0f} s")
    print("\n".join(record.table()))
    return 1 if record.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
