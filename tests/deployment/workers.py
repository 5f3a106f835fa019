"""Two workers of which one is lost: killed in the middle of a load, and frozen until another has
done its work.

Whoever wakes too late writes nothing: the content in the end is what the command line makes.
"""

import signal
from collections import Counter
from datetime import UTC, date, datetime

from tests.deployment.marketplace import Marketplace
from tests.deployment.nights import by_command_line
from tests.deployment.record import Record, content, differences
from tests.deployment.servers import Airflow
from transforms import DATASETS
from transforms.lake import Lake
from warehouse import versions

FIRST = date(2022, 6, 26)
NIGHTS = 4
BEGIN = datetime(2022, 6, 30, 22, tzinfo=UTC)


class LostWorkers:
    """Nights that are started through the API, and a worker that is lost in two of them."""

    def __init__(self, airflow: Airflow, scale: float) -> None:
        self.airflow = airflow
        self.market = Marketplace(airflow.home, airflow.clock, FIRST, NIGHTS, scale)
        self.record = Record(airflow)

    def run(self) -> Record:
        first, second, third, fourth = self.market.nights
        for night in (first, second):
            self._start(night)
        self.airflow.settle()
        self.record.expect_night(second, "both workers are there")
        self._lose(third, signal.SIGKILL)
        self._lose(fourth, signal.SIGSTOP)
        self._is_right()
        return self.record

    def _start(self, night: date) -> None:
        self.market.deliver(night)
        for dataset in DATASETS:
            self.airflow.trigger(f"lake_{dataset}", partition_key=f"{night}")

    def _lose(self, night: date, how: signal.Signals) -> None:
        self._start(night)
        worker = self.airflow.stop_one_in_the_middle()
        lake = Lake(self.airflow.home / "lake")
        done = [d for d in DATASETS if lake.receipt(d, night)]
        self.record.expect(len(done) < len(DATASETS), f"{how.name} to {worker}: in the lake {done}")
        if how == signal.SIGKILL:
            self.airflow.processes.kill(worker)
        self.airflow.pass_over(worker)
        self.record.expect_night(night, f"done without {worker}")
        before = {d: lake.receipt(d, night) for d in DATASETS}
        if how == signal.SIGKILL:
            self.airflow.start_worker(worker)
        else:
            self.airflow.processes.signal(worker, signal.SIGCONT)
        self.airflow.settle()
        after = {d: lake.receipt(d, night) for d in DATASETS}
        self.record.expect(before == after, f"{worker} is back and changed no receipt")
        self.record.look()

    def _is_right(self) -> None:
        published = self.airflow.home / "published"
        live = versions.latest(published)
        assert live
        plain = by_command_line(self.market, self.airflow.folder / "plain")
        self.record.expect(
            content(live) == plain, f"{len(plain)} tables are what one machine makes"
        )
        wrong = differences(published, self.market.stock)
        self.record.expect(not wrong, f"every report table is the truth: {wrong or 'all'}")
        tries = Counter(
            t["try_number"] for t in self.airflow.tasks(task_id="load_partition", state="success")
        )
        self.record.note(f"     loads by number of tries: {dict(tries)}")
