"""Commands that write: sample exports, the lake, the published warehouse."""

import getpass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transforms import DATASETS
from transforms.errors import NEXT_STEP, OF_STATUS, SettingsError, TransientError
from transforms.settings import Settings, settings
from warehouse.cli import terminal
from warehouse.cli.options import (
    Dataset,
    Engine,
    Incomplete,
    Json,
    Night,
    Quiet,
    datasets,
    day,
    settings_with,
)

if TYPE_CHECKING:
    from transforms.lake import Receipt
    from warehouse.build.build import Built


def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    first: Annotated[str, typer.Option("--from", help="First export date.")],
    last: Annotated[str, typer.Option("--to", help="Last export date.")],
    scale: Annotated[float, typer.Option(help="Size: 1.0 is 3,100 paid sellers in PK.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Each seed gives different data.")] = 1,
    every: Annotated[str, typer.Option(help="One delivery per night, week or month.")] = "night",
    market: Annotated[str, typer.Option(help="Market: PK or IN.")] = "PK",
    quiet: Quiet = False,
) -> None:
    """Write generated exports with known errors in them."""
    from transforms.sample import write_sample

    if every not in ("night", "week", "month"):
        raise SettingsError(f"--every must be night, week or month, not {every!r}")
    with terminal.progress_bar("writing nights", quiet) as bar:
        try:
            write_sample(
                folder,
                day(first),
                day(last),
                scale=scale,
                seed=seed,
                every=every,
                market=market,
                progress=lambda done, total: terminal.advance(bar, done, total),
            )
        except ValueError as error:
            raise SettingsError(str(error)) from error
    terminal.say(str(folder))


def run(
    night: Night,
    dataset: Dataset = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; write nothing.")] = False,
    gate: Annotated[str, typer.Option(help="strict, or off: let a held night pass.")] = "strict",
    incomplete: Incomplete = False,
    no_catch_up: Annotated[
        bool,
        typer.Option("--no-catch-up", help="Do not look again at the fourteen nights before."),
    ] = False,
    engine: Engine = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Load one night into the lake, build the warehouse and publish it.

    Earlier nights whose delivery has changed since they were loaded are loaded again.
    """
    from transforms import backfill as nights_at_once
    from transforms import night as line
    from transforms.deliveries import whole
    from warehouse.messages import next_step

    terminal.log_to_stderr(quiet)
    if gate not in line.GATES:
        raise SettingsError(
            f"--gate must be {' or '.join(line.GATES)}, not {gate!r}. Nothing was done. With off, "
            "a night that the gates would hold passes, and the receipt records it."
        )
    chosen, to_load = settings_with(engine), datasets(dataset)
    chosen.hashing_key()
    whole.wait(chosen.exports, day(night), to_load)
    receipts = []
    for name in to_load:
        with terminal.progress_bar(f"{name} {night}", quiet) as bar:
            count = terminal.counter(bar)
            receipts.append(
                line.load(name, day(night), chosen, count, dry_run=True)
                if dry_run
                else line.run(name, day(night), chosen, gate, count)
            )
    stopped = nights_at_once.worst(receipts)
    again = [] if dry_run or no_catch_up else _catch_up(chosen, day(night))
    built = (
        None
        if stopped or dry_run
        else _build(chosen, quiet, night=day(night), incomplete=incomplete)
    )
    if as_json:
        terminal.print_json(
            {
                "receipts": [r.as_json() for r in receipts],
                "loaded_again": [r.as_json() for r in again],
                "published": built and str(built.folder),
            }
        )
    else:
        for receipt in receipts:
            terminal.say(line.summary(receipt))
        if built:
            terminal.say(str(built.file))
    if stopped:
        if not dry_run:
            held = [next_step(r) for r in receipts if r.status == stopped == "held"]
            step = NEXT_STEP[stopped].format(night=night, exports=chosen.exports)
            terminal.tell(
                f"{night} was not published ({stopped}); {_what_stays(chosen)}. "
                f"{' '.join(dict.fromkeys(held)) or step}"
            )
        raise typer.Exit(OF_STATUS[stopped].exit_code)


def backfill(
    first: Annotated[str, typer.Argument(metavar="FROM")],
    last: Annotated[str, typer.Argument(metavar="TO")],
    missing_only: Annotated[
        bool, typer.Option("--missing-only", help="Skip nights that are already in the lake.")
    ] = False,
    no_publish: Annotated[
        bool, typer.Option("--no-publish", help="Load only; the next run publishes them too.")
    ] = False,
    incomplete: Incomplete = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Load all nights from FROM to TO, both included, and publish once at the end."""
    from transforms import backfill as nights_at_once
    from transforms import night as line

    terminal.log_to_stderr(quiet)
    chosen = settings()
    chosen.hashing_key()
    if day(first) > day(last):
        raise SettingsError(f"{first} is after {last}")
    with terminal.progress_bar(f"loading {first} to {last}", quiet) as bar:
        receipts = nights_at_once.backfill(
            day(first),
            day(last),
            chosen,
            missing_only,
            lambda done, total: terminal.advance(bar, done, total),
        )
    for receipt in receipts:
        if not receipt.is_usable and not quiet:
            terminal.tell(line.summary(receipt))
    if not any(r.is_usable for r in receipts):
        terminal.tell(f"No night from {first} to {last} is usable: nothing was published.")
        raise typer.Exit(OF_STATUS[nights_at_once.worst(receipts) or "missing"].exit_code)
    built = None if no_publish else _build(chosen, quiet, incomplete=incomplete)
    if as_json:
        published = built and str(built.folder)
        terminal.print_json({"receipts": [r.as_json() for r in receipts], "published": published})
    elif built:
        terminal.say(str(built.file))


def build(
    full: Annotated[
        bool, typer.Option("--full", help="Rebuild the whole history from the partitions.")
    ] = False,
    incomplete: Incomplete = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Build the warehouse from the lake, check it and publish it."""
    terminal.log_to_stderr(quiet)
    built = _build(settings(), quiet, full=full, incomplete=incomplete, thorough=True)
    if as_json:
        terminal.print_json(
            {"published": str(built.folder), "is_new": built.is_new, "manifest": built.manifest}
        )
    else:
        terminal.say(str(built.file))


def release_night(
    night: Annotated[str, typer.Argument(metavar="D")],
    reason: Annotated[str, typer.Option(help="Why the held night may count.")],
    quiet: Quiet = False,
) -> None:
    """Release a held night and publish; the receipt records who released it and why."""
    from transforms import night as line
    from warehouse.build.build import is_behind

    terminal.log_to_stderr(quiet)
    chosen = settings()
    if not reason.strip():
        raise SettingsError(
            f"--reason says why {night} may count, and it is empty: nothing was released."
        )
    released = line.release(day(night), chosen, getpass.getuser(), reason)
    # Released by a run that was killed before it could publish: the same command publishes.
    if not released and not (_was_released(chosen, day(night)) and is_behind(chosen)):
        raise SettingsError(
            f"Nothing is held for {night}, so nothing was released: see `outlook nights`."
        )
    built = _build(chosen, quiet, night=day(night))
    terminal.say(f"{night}: released {', '.join(released) or 'before'}; live: {built.folder}")


def _was_released(chosen: Settings, night: date) -> bool:
    """Whether any export of the night counts because somebody released it."""
    from transforms.lake import Lake

    lake = Lake(chosen.place)
    receipts = [r for d in DATASETS if (r := lake.receipt(d, night)) and r.is_usable]
    releases = [(r, lake.release(r.dataset, night)) for r in receipts]
    return any(told and told["content"] == r.content for r, told in releases)


def _build(
    chosen: Settings,
    quiet: bool,
    night: date | None = None,
    full: bool = False,
    incomplete: bool = False,
    thorough: bool = False,
) -> "Built":
    from warehouse.build.build import build

    with terminal.progress_bar("building", quiet) as bar:
        count = terminal.counter(bar)
        return build(chosen, full, lambda _: count(1), night, incomplete, thorough)


def _catch_up(chosen: Settings, night: date) -> "list[Receipt]":
    """What changed of earlier nights; a source that fails here has not failed the night."""
    from transforms import backfill as nights_at_once

    try:
        return nights_at_once.catch_up(chosen, night)
    except TransientError as error:
        terminal.tell(f"earlier nights were not looked at again: {error}")
        return []


def _what_stays(chosen: Settings) -> str:
    from warehouse import versions

    live = versions.latest(chosen.published)
    return f"{live.name} stays live" if live else "nothing is published yet"
