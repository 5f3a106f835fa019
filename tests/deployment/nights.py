"""Twelve nights in the life of a deployment, 2022-06-20 to 2022-07-01.

Five are loaded by hand, each in another way; on the evening of 25 June the deployment takes over,
and the seven that follow bring what a year brings: late, missing, half, few, broken, corrected.
"""

import json
import signal
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.deployment import browser
from tests.deployment.marketplace import Marketplace
from tests.deployment.record import Record, content, differences
from tests.deployment.servers import Airflow
from tests.deployment.soak import settings_of
from transforms import DATASETS, backfill
from warehouse import versions
from warehouse.build.build import build

FIRST = date(2022, 6, 20)
NIGHTS = 12
KINDS = {"late", "failed", "held", "recovered"}
NOT_RIGHT = (
    "late: listings 2022-06-26",
    "late: listings 2022-06-27",
    "failed: listings 2022-06-27",
    "held: listings 2022-06-29",
    "failed: listings 2022-06-30",
)
BEGIN = datetime(2022, 6, 25, 22, tzinfo=UTC)
POKE = timedelta(minutes=5, seconds=5)


def at(day: int, hour: int, minute: int = 0, month: int = 6) -> datetime:
    """A moment in UTC; the nightly runs start at 00:00, which is 05:00 in Karachi."""
    return datetime(2022, month, day, hour, minute, 8, tzinfo=UTC)


def night(day: int, month: int = 6) -> date:
    return date(2022, month, day)


class TwelveNights:
    """The scenario, in the order in which it happens."""

    def __init__(
        self, airflow: Airflow, scale: float, shots: Path | None = None, by_hand: bool = True
    ) -> None:
        """Without `by_hand` the first five nights are loaded by the command line, in one go."""
        self.airflow, self.shots, self.is_by_hand = airflow, shots, by_hand
        self.market = Marketplace(airflow.home, airflow.clock, FIRST, NIGHTS, scale)
        self.record = Record(airflow)

    def run(self) -> Record:
        if self.is_by_hand:
            self.by_hand()
            self.empty_trigger()
        else:
            self.by_command_line()
        self.plain()
        self.late()
        self.missing()
        self.half()
        self.few()
        self.broken()
        self.last()
        self.again()
        self.who_was_told()
        self.is_the_truth()
        return self.record

    # Nights that are started by hand

    def by_hand(self) -> None:
        self.market.deliver(night(20))
        for dataset in DATASETS:
            self.airflow.airflow(
                *("backfill", "create", "--dag-id", f"lake_{dataset}"),
                *("--from-date", f"{night(20)}", "--to-date", f"{night(20)}"),
            )
        self._published(night(20), "airflow backfill create")
        self.market.deliver(night(21))
        for dataset in DATASETS:
            self.airflow.trigger(f"lake_{dataset}", partition_key=f"{night(21)}")
        self._published(night(21), "API, partition_key")
        self.market.deliver(night(22))
        conf = json.dumps({"export_date": f"{night(22)}"})
        for dataset in DATASETS:
            self.airflow.airflow("dags", "trigger", f"lake_{dataset}", "--conf", conf)
        self._published(night(22), "airflow dags trigger --conf")
        self.market.deliver(night(23))
        if browser.is_there():
            with browser.page() as page:
                for dataset in DATASETS:
                    browser.trigger(page, self.airflow.url, f"lake_{dataset}", f"{night(23)}")
            self._published(night(23), "trigger form of the UI")
        else:
            self.record.note("Chromium is not installed: the trigger form was not tried")
            for dataset in DATASETS:
                self.airflow.trigger(f"lake_{dataset}", conf={"export_date": f"{night(23)}"})
            self._published(night(23), "API, conf")
        # Unpausing made a run of the newest night at once; it has waited for its delivery.
        self.market.deliver(night(24))
        self._poke(2)
        self._published(night(24), "scheduled when the DAGs were unpaused")

    def by_command_line(self) -> None:
        for day in range(20, 25):
            self.market.deliver(night(day))
        self.airflow.outlook("backfill", f"{night(20)}", f"{night(24)}")
        self._published(night(24), "outlook backfill")

    def empty_trigger(self) -> None:
        run = self.airflow.trigger("lake_sellers")
        self.airflow.settle()
        tasks = self.airflow.tasks("lake_sellers", run)
        states = {t["task_id"]: (t["state"], t["try_number"]) for t in tasks}
        (found,) = (r for r in self.airflow.runs("lake_sellers") if r["dag_run_id"] == run)
        self.record.expect(found["state"] == "failed", f"an empty trigger is refused: {states}")
        self.record.expect(all(t["try_number"] <= 1 for t in tasks), "it is not tried again")

    # Nights that the scheduler starts

    def plain(self) -> None:
        self.market.deliver(night(25))
        if self.airflow.workers:
            self._morning_that_loses(signal.SIGKILL, at(26, 0))
            self._published(night(25), "on time, with a worker killed in the middle of a load")
        else:
            self._morning(26)
            self._published(night(25), "on time")

    def late(self) -> None:
        self._morning(27)
        self._pass(at(27, 4, 30))
        self.market.deliver(night(26))
        self._poke(2)
        self._published(night(26), "it came at 09:30 in Karachi")

    def missing(self) -> None:
        self._morning(28)
        self._pass(at(28, 6, 30))
        self._pass(at(28, 7, 10))
        self.record.expect(self.record.live() == f"{night(26)}", "2022-06-26 stays live")

    def half(self) -> None:
        self.market.begin(night(28), 0.4)
        self._morning(29)
        for share in (0.6, 0.8):
            self.market.begin(night(28), share)
            self._poke(1)
        self.market.finish(night(28))
        self._poke(3)
        self._pass(at(29, 1, 17))
        self._published(night(28), "it was half there at 05:00, and whole at 05:15")
        self.market.deliver(night(27))
        self._pass(at(29, 9, 17))
        published = sorted(self.record.published)
        self.record.expect(
            f"{night(28)}.r2" in published, "the missing night came and is in a new version"
        )
        self.record.expect_night(night(28), "a late night does not move latest back")

    def few(self) -> None:
        self.market.deliver_few(night(29), 0.6)
        self._morning(30)
        self.record.look()
        self.record.expect(
            (self.record.live() or "").startswith(f"{night(28)}"), "few listings are held"
        )
        if self.shots:
            browser.take(self.airflow, self.shots)
        self.airflow.outlook("release-night", f"{night(29)}", "--reason", "the partner confirms it")
        self._pass(at(30, 1, 17))
        self._published(night(29), "released")

    def broken(self) -> None:
        self.market.deliver_broken(night(30))
        self._morning(1, 7)
        self.record.look()
        self.record.expect(
            (self.record.live() or "").startswith(f"{night(29)}"), "a broken file is refused"
        )
        self.market.deliver(night(30), revision=2)
        self._pass(at(1, 1, 17, 7))
        self._published(night(30), "corrected")
        # What was released is corrected as well.
        self.market.deliver(night(29), revision=2)
        self._pass(at(1, 2, 17, 7))
        self.record.look()

    def last(self) -> None:
        self.market.deliver(night(1, 7))
        if self.airflow.workers:
            self._morning_that_loses(signal.SIGSTOP, at(2, 0, 0, 7))
            self._published(night(1, 7), "on time, with a worker frozen and woken")
        else:
            self._morning(2, 7)
            self._published(night(1, 7), "on time")

    def again(self) -> None:
        self.airflow.trigger("lake_sellers", partition_key=f"{night(25)}")
        self.airflow.settle()
        pending = [p["partition_key"] for p in self.airflow.pending()]
        self.record.expect(not pending, f"a night loaded again leaves no pending run: {pending}")

    def who_was_told(self) -> None:
        """Four messages and no other, each once, and nothing is left as late, failed or held."""
        told = [m.removeprefix("[outlook] ") for m in self.record.messages()]
        kinds = Counter(m.split(":")[0] for m in told)
        self.record.expect(set(kinds) == KINDS, f"four kinds of messages: {dict(kinds)}")
        again = [m for m, times in Counter(told).items() if times > 1]
        self.record.expect(not again, f"none is sent twice: {again or 'none'}")
        about = {kind: {m.split(": ")[1] for m in told if m.startswith(kind)} for kind in KINDS}
        # The empty trigger failed without a night, and nothing comes of that.
        ill = {w for k in ("late", "failed", "held") for w in about[k] if w[-1].isdigit()}
        left = sorted(ill - about["recovered"])
        self.record.expect(not left, f"all of them recovered: {left or 'all'}")
        for what in NOT_RIGHT:
            self.record.expect(what in told, f"told: {what}")

    def is_the_truth(self) -> None:
        published = self.airflow.home / "published"
        wrong = differences(published, self.market.stock)
        self.record.expect(not wrong, f"every report table is the truth: {wrong or 'all'}")
        live = versions.latest(published)
        assert live
        plain = by_command_line(self.market, self.airflow.folder / "plain")
        same = content(live) == plain
        self.record.expect(same, f"the content is that of `outlook backfill`: {len(plain)} tables")

    def _morning_that_loses(self, number: signal.Signals, begin: datetime) -> None:
        """A worker is killed or frozen in the middle of a load, and comes back when another has
        done its work."""
        self.airflow.settle()
        self.airflow.clock.set(begin)
        worker = self.airflow.stop_one_in_the_middle()
        if number == signal.SIGKILL:
            self.airflow.processes.kill(worker)
        self.record.note(f"     {number.name} to {worker} in the middle of a load")
        self.airflow.pass_over(worker)
        self.record.look()
        if number == signal.SIGKILL:
            self.airflow.start_worker(worker)
        else:
            self.airflow.processes.signal(worker, signal.SIGCONT)
            self.record.note(f"     {worker} wakes")
        self.airflow.settle()

    def _morning(self, day: int, month: int = 6) -> None:
        self._pass(at(day, 0, 0, month))

    def _poke(self, times: int) -> None:
        """Lets the sensors look again."""
        for _ in range(times):
            self._pass(self.airflow.clock.now() + POKE)

    def _pass(self, until: datetime) -> None:
        self.airflow.pass_time(until)
        self.record.look()

    def _published(self, which: date, how: str) -> None:
        self.airflow.settle()
        self.record.expect_night(which, how)


def by_command_line(market: Marketplace, home: Path) -> dict[str, str]:
    """What the same deliveries make without Airflow, in order and undisturbed."""
    chosen = settings_of(market, home)
    backfill.backfill(market.nights[0], market.nights[-1], chosen, False)
    return content(build(chosen).folder)
