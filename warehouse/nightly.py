"""One night as a scheduler runs it: by export date, with settings from the environment.

OutlookError means that a retry cannot help; its message says what stays and what to do. After any
other exception, such as a TransientError, the scheduler may retry.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from transforms import DATASETS
from transforms import night as line
from transforms.deliveries import exports, whole
from transforms.errors import NightHeld, OutlookError, SettingsError, StillArriving, TakenOver
from transforms.lake import Lake, Receipt
from transforms.settings import Settings, settings
from transforms.storage import disk_faults_told
from warehouse import incidents, messages, versions
from warehouse.build.build import Built, build, is_behind, is_current
from warehouse.messages import Message
from warehouse.tables.nights import due_nights

log = logging.getLogger(__name__)

NIGHTS = 14  # that are looked at again, for deliveries that are late or corrected
LOOK_BACK = timedelta(days=31 * NIGHTS)  # where one delivery a month is due
OWN_RUN = timedelta(hours=8)  # how long the nightly run waits and loads

# Keys of a receipt that an Airflow message may carry.
OF_A_RECEIPT = (
    "dataset",
    "export_date",
    "revision",
    "status",
    "rows",
    "reasons",
    "layout",
    "extent",
    "sources",
    "warnings",
    "content",
    "code_version",
    "seconds",
)


def _nothing(_: object) -> None:
    """For a caller who waits for the result."""


class Caught(NamedTuple):
    """What `catch_up` did: datasets and nights loaded, the night published, what it told."""

    loaded: list[tuple[str, date]]
    published: date | None
    messages: list[Message]


def night_asked(key: str | None, params: Mapping[str, Any]) -> str:
    """The night that a run is for: its partition key, else the `export_date` that it was triggered
    with. Raises SettingsError for none, for two, and for what is no date."""
    asked = params.get("export_date")
    if not key and not asked:
        raise SettingsError(
            "this run names no night: trigger it with a Partition Key, or with "
            '--conf \'{"export_date": "2022-06-30"}\''
        )
    if key and asked and _night(key) != _night(asked):
        raise SettingsError(f"this run has the partition key {key}, but export_date {asked}")
    return f"{_night(key or str(asked))}"


def night_or_none(key: str | None, params: Mapping[str, Any]) -> date | None:
    """The same for a message about a run, which may have failed for want of a night."""
    with suppress(SettingsError):
        return _night(night_asked(key, params))
    return None


@disk_faults_told()
def landed(dataset: str, export_date: str) -> bool:
    """Whether the night's export has been delivered, and is whole as far as anybody can tell."""
    chosen = settings()
    looks = chosen.lake / "looks"
    return whole.landed(chosen.exports, dataset, _night(export_date), looks)


@disk_faults_told()
def is_due(export_date: str) -> bool:
    """Whether a delivery is due for the night, by the source's calendar."""
    night = _night(export_date)
    return night in exports.due_nights(settings().exports, night, night)


def late(dataset: str, export_date: str, hour: str) -> Message | None:
    """What to tell about an export that has not come, from its hour (HH:MM, local) on."""
    chosen, night, now = settings(), _night(export_date), datetime.now(UTC)
    try:
        due = messages.due_by(night, hour, chosen.market.time_zone)
    except ValueError:
        name = f"OUTLOOK_LATE_{dataset.upper()}"
        raise SettingsError(f"{name} is {hour!r}: write an hour as 07:00") from None
    folder = f"{chosen.exports}/{night}"
    return messages.late(dataset, night, due, now, folder, _live(chosen)) if now >= due else None


@disk_faults_told()
def load(dataset: str, export_date: str) -> dict[str, Any]:
    """Loads one export into the lake; returns the part of its receipt that a message may carry.

    A night without a delivery has a receipt too. Raises Stopped if the night does not count.
    """
    chosen = settings()
    whole.wait(chosen.exports, _night(export_date), (dataset,))
    receipt = line.run(dataset, _night(export_date), chosen)
    if not receipt.is_usable:
        message = messages.of_night(receipt, f"{chosen.exports}", _live(chosen))
        raise messages.Stopped(message, receipt.status)
    incidents.loaded(Lake(chosen.place), dataset, _night(export_date))
    in_full = receipt.as_json()
    return {k: in_full[k] for k in OF_A_RECEIPT}


def is_complete(export_date: str) -> bool:
    """Whether all three exports of the night count."""
    return Lake(settings().place).is_complete(_night(export_date))


@disk_faults_told()
def publish_night(export_date: str) -> dict[str, Any]:
    """Builds, checks and publishes the lake if all three exports of the night count.

    Raises NightHeld if one of them does not, or if a check fails.
    """
    chosen, night = settings(), _night(export_date)
    if waiting := Lake(chosen.place).waiting(night):
        raise NightHeld(f"{night} is not complete: {waiting}. Nothing was published.")
    live = versions.latest(chosen.published)
    shown = versions.night_of(live) if live else night
    # Newer complete nights have runs of their own, which give each its version.
    return _told_of(build(chosen, night=max(night, shown)))


@disk_faults_told()
def catch_up(
    now: datetime | None = None,
    tell: Callable[[Message], None] = _nothing,
    on_load: Callable[[dict[str, Any]], None] = _nothing,
    on_publish: Callable[[dict[str, Any]], None] = _nothing,
) -> Caught:
    """Loads what was delivered late or corrected in the last fourteen due nights, and publishes
    what is complete and not yet published.

    A night that cannot be loaded stops neither the others nor what is published. Each message is
    told at once, for whatever stops this run would take it along: the delivery of a night that was
    refused is not looked at again. `on_load` and `on_publish` get what `load` and `publish_night`
    return. Raises what `build` raises, else the first fault of a load that a retry may help.
    """
    chosen, now = settings(), now or datetime.now(UTC)
    loaded, told, faults = [], [], list[Exception]()

    def say(message: Message) -> None:
        told.append(message)
        tell(message)

    nights = _looked_at(chosen, Lake(chosen.place), now)
    for dataset, night in line.changed(chosen, nights) + _never_run(chosen, nights, now):
        try:
            receipt = load(dataset, f"{night}")
        except OutlookError as error:
            message = message_of(dataset, night, error)
            log.error("%s", message)
            say(message)
        except (StillArriving, TakenOver) as error:
            log.info("%s %s is left for the next hour: %s", dataset, night, error)
        except Exception as error:
            why = messages.of_fault(error)
            log.error("%s %s was not loaded, the others are: %s", dataset, night, why)
            faults.append(error)
        else:
            loaded.append((dataset, night))
            on_load(receipt)
    built = build(chosen) if is_behind(chosen) else None
    if built and built.is_new:
        on_publish(_told_of(built))
    for message in recovered():
        say(message)
    if faults:
        raise faults[0]
    for message in works_again("catch_up"):
        say(message)
    published = versions.night_of(built.folder) if built and built.is_new else None
    return Caught(loaded, published, told)


def recovered() -> list[Message]:
    """What to tell about nights that were late, failed or held and are in the live version now."""
    chosen = settings()
    lake, live = Lake(chosen.place), versions.latest(chosen.published)
    if live is None or not is_current(chosen):
        return []
    found = []
    for subject, night, told, refused in incidents.pending(lake):
        if night and night <= versions.night_of(live):
            receipt = lake.receipt(subject, night) if subject in DATASETS else None
            # A correction may be refused while the delivery before it still counts.
            is_as_before = bool(receipt and refused and receipt.started_at <= refused)
            if not is_as_before and (receipt.is_usable if receipt else lake.is_complete(night)):
                number = line.summary(receipt) if receipt else ""
                was = ", then ".join(told)
                found.append(messages.recovered(subject, night, was, number, live.name))
    return found


def works_again(subject: str) -> list[Message]:
    """What to tell about a DAG that had failed and has now succeeded."""
    chosen = settings()
    return [
        messages.recovered(subject, None, ", then ".join(one.told), "", _live(chosen))
        for one in incidents.pending(Lake(chosen.place))
        if one.subject == subject and one.night is None
    ]


def message_of(subject: str, night: date | None, error: BaseException) -> Message:
    """What to tell about a task that failed, whatever it was that stopped it."""
    try:
        live = _live(settings())
    except SettingsError:
        live = "not known: the settings cannot be read"
    return messages.of_error(subject, night, error, live)


def is_new(message: Message, ways: Sequence[str] = ()) -> bool:
    """Whether the message has still to be sent; notes that it is, and by which ways."""
    return incidents.begin(Lake(settings().place), message, ways)


def sent(message: Message, left: Sequence[str] = ()) -> None:
    """Notes that the message went out, except by the ways that are left."""
    incidents.sent(Lake(settings().place), message, left)


def unsent() -> list[tuple[Message, list[str]]]:
    """The messages that have not gone out, with the ways that are left."""
    return incidents.unsent(Lake(settings().place), datetime.now(UTC))


@disk_faults_told()
def summary(export_date: str) -> str:
    """A night on one screen: rows, live version, headline figures. Logged as one record."""
    chosen = settings()
    lake = Lake(chosen.place)
    lines = [f"Night {export_date}"]
    for dataset in DATASETS:
        receipt = lake.receipt(dataset, _night(export_date))
        lines.append("  " + (line.summary(receipt) if receipt else f"{dataset}: not loaded"))
        lines += [f"    {reason}: {count:,}" for reason, count in _commonest(receipt)]
    live, fault = versions.live_or_fault(chosen.published)
    lines.append(f"Live: {fault or (live / versions.FILE if live else 'nothing yet')}")
    for figure in versions.headline(live) if live else []:
        shown = "not available" if figure["value"] is None else f"{figure['value']:,.0f}"
        lines.append(
            f"  {figure['edition']} {figure['metric']:<18} {shown:>14}  as of "
            f"{figure['as_of']} {figure['symbol'] or ''}"
        )
    text = "\n".join(lines)
    log.info(text)
    return text


def _told_of(built: Built) -> dict[str, Any]:
    """What an Airflow message may carry of a version."""
    return {
        "folder": built.folder.name,
        "is_new": built.is_new,
        "sha256": built.manifest["sha256"],
        "seconds": built.manifest["seconds"],
    }


def _night(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise SettingsError(f"{text!r} is not a date: write YYYY-MM-DD") from None


def _live(chosen: Settings) -> str:
    live = versions.latest(chosen.published)
    return live.name if live else "nothing is published yet"


def _looked_at(chosen: Settings, lake: Lake, now: datetime) -> list[date]:
    """The last fourteen due nights before today, the same before the newest that counts, and the
    last fourteen that somebody was told of."""
    yesterday = now.astimezone(chosen.market.time_zone).date() - timedelta(days=1)
    counted = [r.export_date for d in DATASETS for r in lake.receipts(d) if r.is_usable]
    nights: set[date] = set()
    for last in {yesterday, max(counted, default=yesterday)}:
        nights.update(due_nights(chosen)(last - LOOK_BACK, last)[-NIGHTS:])
    told = sorted({i.night for i in incidents.pending(lake) if i.night})
    return sorted(nights.union(told[-NIGHTS:]))


def _never_run(chosen: Settings, nights: list[date], now: datetime) -> list[tuple[str, date]]:
    """Exports that were delivered, and that no run has loaded or still waits for: of nights in
    which Airflow was down, say, or whose own run failed before it could look."""
    lake = Lake(chosen.place)
    failed = {(one.subject, one.night) for one in incidents.pending(lake) if "failed" in one.told}
    return [
        (dataset, night)
        for night in nights
        for dataset in DATASETS
        if (
            (dataset, night) in failed
            or now >= datetime.combine(night + timedelta(days=1), time(), tzinfo=UTC) + OWN_RUN
        )
        and lake.sound_receipt(dataset, night) is None
        and landed(dataset, f"{night}")
    ]


def _commonest(receipt: Receipt | None) -> list[tuple[str, int]]:
    reasons = receipt.reasons if receipt else {}
    return sorted(reasons.items(), key=lambda r: -r[1])[:3]
