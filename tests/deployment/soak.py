"""Sixty nights in which something goes wrong on most, equal to the truth each morning.

What goes wrong is drawn from a seed. The truth of a morning is what the command line makes of the
same deliveries, undisturbed; while nothing that was due is outstanding, it is the oracle's too.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from tests.deployment.marketplace import Marketplace
from tests.deployment.record import Record, content, differences
from tests.deployment.servers import KEY, Airflow
from transforms import DATASETS
from transforms import night as line
from transforms.lake import Lake
from transforms.sample.universe.recipe import FILE, recipe_of
from transforms.settings import Settings, settings
from warehouse import versions
from warehouse.build.build import build

LAST = date(2022, 7, 1)  # so that the last night of a fiscal year is among them
QUIET = 4  # nights at first: the gates compare with them
SMALL = 60_000  # bytes: no part of the lake fits


def first_night(nights: int) -> date:
    return LAST - timedelta(nights - 1)


def begin(nights: int) -> datetime:
    """The evening before the first scheduled run."""
    return datetime.combine(first_night(nights), time(22), UTC)


@dataclass
class Soak:
    """Nights one after the other; `owed` are deliveries that are still to come, and when."""

    airflow: Airflow
    nights: int
    scale: float
    seed: int
    owed: dict[date, list[Callable[[], None]]] = field(default_factory=dict)
    outstanding: set[date] = field(default_factory=set)
    drawn: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.market = Marketplace(
            self.airflow.home,
            self.airflow.clock,
            first_night(self.nights),
            self.nights,
            self.scale,
            self.seed,
        )
        self.record = Record(self.airflow)
        self.chance = random.Random(self.seed)
        self.plain = settings_of(self.market, self.airflow.folder / "plain")
        self.faults = {
            "none": self.whole,
            "late": self.late,
            "missing": self.missing,
            "half": self.half,
            "few": self.few,
            "broken": self.broken,
            "full disk": self.full_disk,
            "restart": self.restart,
        }
        if self.airflow.workers:
            self.faults["killed"] = self.killed

    def run(self) -> Record:
        for number, night in enumerate(self.market.nights):
            for deliver in self.owed.pop(night, ()):
                deliver()
            drawn = self.chance.choice(list(self.faults)) if number >= QUIET else "none"
            if number == self.nights - 1:
                drawn = "none"
                for deliveries in self.owed.values():
                    for deliver in deliveries:
                        deliver()
            self.drawn[drawn] += 1
            self.faults[drawn](night)
            # Half past nine in the morning of Pakistan: all that can be there is there.
            self._pass(night, 9, 17)
            self._pass(night, 10, 17)
            self._check(night, drawn)
        self.record.note(f"     {dict(self.drawn)}")
        return self.record

    # What a night brings: each ends with the deliveries of that morning made

    def whole(self, night: date) -> None:
        self.market.deliver(night)
        self._pass(night, 0, 0)

    def late(self, night: date) -> None:
        self._pass(night, 0, 0)
        self._pass(night, self.chance.randint(1, 5), 40)
        self.market.deliver(night)

    def missing(self, night: date) -> None:
        """It comes one to six days later."""
        self._pass(night, 0, 0)
        self._pass(night, 6, 30)
        self._owe(night, lambda: self.market.deliver(night))

    def half(self, night: date) -> None:
        self.market.begin(night, self.chance.uniform(0.1, 0.9))
        self._pass(night, 0, 0)
        self.market.begin(night, 0.95)
        self._pass(night, 0, 5)
        self.market.finish(night)
        for minute in (11, 17):
            self._pass(night, 0, minute)

    def few(self, night: date) -> None:
        """Held, and sent again in full later."""
        self.market.deliver_few(night, self.chance.uniform(0.2, 0.8))
        self._pass(night, 0, 0)
        self._owe(night, lambda: self.market.deliver(night, revision=2))

    def broken(self, night: date) -> None:
        self.market.deliver_broken(night)
        self._pass(night, 0, 0)
        self._owe(night, lambda: self.market.deliver(night, revision=2))

    def full_disk(self, night: date) -> None:
        """No file of more than some kilobytes can be written until somebody makes room."""
        servers = self.airflow.workers or ("scheduler",)
        self.market.deliver(night)
        for name in servers:
            self.airflow.processes.limit(name, SMALL)
        self._pass(night, 0, 0)
        for name in servers:
            self.airflow.processes.limit(name, None)
        self._pass(night, 0, 30)

    def restart(self, night: date) -> None:
        """All servers but the workers end in the middle of a load, and come again."""
        self.market.deliver(night)
        self.airflow.settle()
        self.airflow.clock.set(moment(night, 0, 0))
        self.airflow.wait_for_a_load()
        self.airflow.restart()
        self._pass(night, 0, 20)
        self._pass(night, 0, 40)

    def killed(self, night: date) -> None:
        self.market.deliver(night)
        self.airflow.settle()
        self.airflow.clock.set(moment(night, 0, 0))
        worker = self.airflow.stop_one_in_the_middle()
        self.airflow.processes.kill(worker)
        self.airflow.pass_over(worker)
        self.airflow.start_worker(worker)

    def _owe(self, night: date, deliver: Callable[[], None]) -> None:
        due = night + timedelta(self.chance.randint(1, 6))

        def come() -> None:
            deliver()
            self.outstanding.discard(night)

        self.owed.setdefault(due, []).append(come)
        self.outstanding.add(night)

    def _pass(self, night: date, hour: int, minute: int) -> None:
        until = moment(night, hour, minute)
        if until > self.airflow.clock.now():
            self.airflow.pass_time(until)
        self.record.look()

    # What is right

    def _check(self, night: date, drawn: str) -> None:
        right = self._by_command_line(night)
        live = versions.latest(self.airflow.home / "published")
        same = live is not None and content(live) == right
        told = f"{night} ({drawn}): {self.record.live()} is what the command line makes"
        self.record.expect(same, told)
        if not self.outstanding:
            wrong = differences(self.airflow.home / "published", self._stock_until(night))
            self.record.expect(not wrong, f"{night}: every report table is the truth {wrong or ''}")

    def _by_command_line(self, night: date) -> dict[str, str]:
        """Content of the version that undisturbed runs make of what has been delivered so far."""
        lake = Lake(self.plain.lake)
        for due in (n for n in self.market.nights if n <= night):
            for dataset in DATASETS:
                receipt = lake.receipt(dataset, due)
                if receipt is None or not receipt.is_usable or due in self.market.corrected:
                    line.run(dataset, due, self.plain)
        return content(build(self.plain).folder)

    def _stock_until(self, night: date) -> Path:
        """A folder that the oracle takes for a sample which ends with that night."""
        folder = self.airflow.folder / "until"
        folder.mkdir(exist_ok=True)
        recipe = recipe_of(self.market.stock)
        assert recipe
        told = recipe.as_json()
        told["ranges"] = [r for r in told["ranges"] if r["from"] <= f"{night}"]
        told["ranges"][-1]["to"] = min(told["ranges"][-1]["to"], f"{night}")
        (folder / FILE).write_text(json.dumps(told), "utf-8")
        return folder


def moment(night: date, hour: int, minute: int) -> datetime:
    """On the morning after a night, in UTC."""
    return datetime.combine(night + timedelta(1), time(hour, minute, 8), UTC)


def settings_of(market: Marketplace, home: Path) -> Settings:
    """Settings of a home that nobody disturbs, with the same deliveries."""
    environ = {"OUTLOOK_HOME": home, "OUTLOOK_EXPORTS": market.exports, "OUTLOOK_KEY": KEY}
    return settings({name: str(value) for name, value in environ.items()})
