"""The four messages that a person gets about a night: late, failed, held, recovered.

A message is composed here and sent by the DAGs. The same text is the first thing in the log of the
task that failed.
"""

import re
import textwrap
import traceback
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

from transforms import DATASETS
from transforms.errors import (
    NEXT_STEP,
    OF_STATUS,
    NightHeld,
    OutlookError,
    SettingsError,
    TransientError,
)
from transforms.lake import Receipt
from transforms.mask import masked_if_marked
from transforms.visible import visible

Kind = Literal["late", "failed", "held", "recovered"]

ROOT = Path(__file__).parents[1]
SPEAK_PLAINLY = ("transforms", "warehouse", "dags", "airflow")  # their errors quote no row
WIDTH = 88  # characters of a line; Airflow's page cuts longer ones off
REFUSED = "refused: "
PICKED_UP = "The DAG catch_up then loads and publishes it within the hour; nothing need be cleared."
CAUSE_GONE = "Once the cause is gone, clear the task"
AGAIN = f"{CAUSE_GONE}, or wait: catch_up tries again within the hour."
CAUGHT_UP = (*DATASETS, "warehouse", "catch_up")  # subjects whose work catch_up does again


@dataclass(frozen=True)
class Message:
    """What happened to a subject (a dataset, or a DAG) of a night, and what to do.

    `number` and `limit` are what was measured and what is allowed, empty where nothing is;
    `live` is the version that stays published.
    """

    kind: Kind
    subject: str
    night: date | None
    what: str
    number: str
    limit: str
    live: str
    next_step: str

    @property
    def title(self) -> str:
        """One line for the subject of a mail."""
        return f"{self.kind}: {self.subject} {self.night or ''}".strip()

    def __str__(self) -> str:
        """A few lines for a log or the body of a mail."""
        said = {
            "what": self.what,
            "number": self.number,
            "limit": self.limit,
            "live": self.live,
            "next": self.next_step,
        }
        return "\n".join([self.title, *(_lines(k, v) for k, v in said.items() if v)])

    def as_json(self) -> dict[str, Any]:
        """The message for a webhook; `text` is what chat tools show."""
        night = f"{self.night}" if self.night else None
        return {**asdict(self), "night": night, "text": f"{self}"}


class Stopped(OutlookError):
    """A night that does not count: its message, with the exit code of its status."""

    def __init__(self, message: Message, status: str) -> None:
        super().__init__(f"{message}")
        self.message = message
        self.exit_code, self.code = OF_STATUS[status].exit_code, status


class Explained(NamedTuple):
    """The reason of a held night, taken apart for a message; empty where there is no such thing."""

    what: str
    number: str
    limit: str


# `… (42%, allowed 90% to 200%)…` and `… (at least 30%)`, as the gates write their reasons.
MEASURED = re.compile(
    r"(?P<number>.+?) \((?:(?P<share>[^,()]+), allowed|at least) (?P<limit>[^()]+)\)"
)


def explained(reason: str) -> Explained:
    """What a gate measured and what it allows, from its reason."""
    found = MEASURED.match(reason)
    if not found:
        return Explained(f"held by a gate: {reason}", "", "")
    what = "too many rows were rejected" if "rejected" in reason else "an unusual number of rows"
    rest = reason[found.end() :]
    if found["share"]:
        return Explained(f"{what}{rest}", f"{found['number']} ({found['share']})", found["limit"])
    return Explained(f"{what}{rest}", found["number"], f"at least {found['limit']}")


def next_step(receipt: Receipt) -> str:
    """What to do about a held night; rejected rows are worth a look only if they are the cause."""
    night, reason = receipt.export_date, receipt.reason or ""
    release = f'`outlook release-night {night} --reason "…"`'
    if reason.startswith("stale"):
        return f"Request the export of {night} itself. If really nothing changed: {release}."
    if "rejected" in reason or "dates" in reason:
        look = f"`outlook rejected --date {night} --dataset {receipt.dataset}`"
        return f"Look at {look}. Request the export again, or release the night: {release}."
    return f"Request the whole export again. If the number is right: {release}."


def due_by(night: date, hour: str, zone: Any) -> datetime:
    """The instant from which a night's export is late: `hour` (HH:MM) of the next local day.

    Raises ValueError for anything else than an hour.
    """
    return datetime.combine(night + timedelta(days=1), time.fromisoformat(hour), tzinfo=zone)


def late(
    dataset: str, night: date, due: datetime, now: datetime, folder: str, live: str
) -> Message:
    """The export has not come by its hour; the DAG goes on waiting."""
    return Message(
        "late",
        dataset,
        night,
        f"nothing whole is in {folder} yet",
        f"{_hours(now - due)} after its hour",
        f"due by {due:%Y-%m-%d %H:%M} {due.tzinfo}",
        live,
        "The run goes on waiting. Ask the sender for the export if it is not under way.",
    )


def of_night(receipt: Receipt, exports: str, live: str) -> Message:
    """A night that is held, refused or missing, by its receipt."""
    night, rows, reason = receipt.export_date, receipt.rows, receipt.reason or ""
    if receipt.status == "held":
        found = explained(reason)
        step = next_step(receipt)
        return Message(
            "held",
            receipt.dataset,
            night,
            found.what,
            found.number or f"{rows.kept:,} of {rows.read:,} rows accepted",
            found.limit,
            live,
            f"{step} {PICKED_UP}",
        )
    if receipt.status == "refused":
        what, step = f"{REFUSED}{reason}", NEXT_STEP["refused"]
    else:
        what = f"nothing was delivered in {exports}/{night}"
        step = f"Ask the sender for the export of {night}."
    return Message("failed", receipt.dataset, night, what, "", "", live, f"{step} {PICKED_UP}")


def of_error(subject: str, night: date | None, error: BaseException, live: str) -> Message:
    """Whatever else stopped a task; OutlookErrors say themselves what to do."""
    if isinstance(error, Stopped):
        return error.message
    kind: Kind = "held" if isinstance(error, NightHeld) else "failed"
    what = of_fault(error)
    if isinstance(error, SettingsError):
        step = "Set that right, then start the run again."
    elif isinstance(error, OutlookError):
        then = PICKED_UP if subject in CAUGHT_UP else "Then clear the task."
        step = f"Do what it says. {then}"
    else:
        again = AGAIN if subject in CAUGHT_UP else f"{CAUSE_GONE}."
        step = again if isinstance(error, TransientError) else f"Read the log of the task. {again}"
    return Message(kind, subject, night, what, "", "", live, step)


def of_fault(error: BaseException) -> str:
    """What went wrong, without what a row may hold: of an error that a library raised, only what
    it is and where it was raised. Its whole text stands in the log of the task."""
    kind = type(error)
    if kind.__module__.split(".")[0] in SPEAK_PLAINLY:
        return "\n".join(visible(line) for line in masked_if_marked(f"{error}").splitlines())
    if kind.__module__ == "builtins" and isinstance(error, OSError):
        return visible(masked_if_marked(f"{kind.__name__}: {error}"))
    return f"{kind.__name__}{_where(error)}"


def recovered(subject: str, night: date | None, before: str, number: str, live: str) -> Message:
    """What was late, failed or held is published."""
    what = f"it was {before}; it is published now" if night else f"it was {before}; it works again"
    return Message("recovered", subject, night, what, number, "", live, "Nothing.")


def _where(error: BaseException) -> str:
    """The innermost line of ours that an error passed; empty if it passed none."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in SPEAK_PLAINLY:
            return f" in {path.relative_to(ROOT).as_posix()}, line {frame.lineno}"
    return ""


def _lines(name: str, text: str) -> str:
    """A text beside its name, in lines that a log shows whole; a command is never broken."""
    whole = re.sub("`[^`]*`", lambda command: command[0].replace(" ", "\0"), text)
    lines = [
        line
        for part in whole.splitlines()
        for line in textwrap.wrap(part, WIDTH, break_long_words=False, break_on_hyphens=False)
    ]
    shown = (" " * 10).join(f"{line}\n" for line in lines)
    return f"  {name:<7} {shown}".replace("\0", " ").rstrip()


def _hours(of: timedelta) -> str:
    minutes = max(0, int(of.total_seconds() // 60))
    return f"{minutes // 60} h {minutes % 60:02} min"
