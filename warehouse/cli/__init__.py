"""The `outlook` command: the second door to the functions that the DAGs call.

Data goes to stdout, progress and messages to stderr. Exit codes: 0 done, 1 failed, 2 usage or
settings, 3 input late or missing, 4 held by a gate, 5 input broken or refused, 6 could not
publish, 130 interrupted.
"""

import getpass
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from transforms import backfill as nights_at_once
from transforms import night as line
from transforms.errors import NEXT_STEP, OF_STATUS, DiskError, OutlookError, SettingsError
from transforms.settings import Settings, settings
from transforms.storage import disk_faults_told
from warehouse import publish
from warehouse.build.build import Built
from warehouse.build.build import build as build_warehouse
from warehouse.cli import look, terminal
from warehouse.cli.options import Dataset, Json, Night, Quiet, datasets, day
from warehouse.cli.report import report

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Nightly marketplace exports to clean Parquet, one DuckDB file, and a yearly Outlook.",
)

app.command()(report)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    first: Annotated[str, typer.Option("--from", help="First night.")],
    last: Annotated[str, typer.Option("--to", help="Last night.")],
    scale: Annotated[float, typer.Option(help="1.0 is all: in PK 3,100 paid sellers.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed, another universe.")] = 1,
    every: Annotated[str, typer.Option(help="night, week or month.")] = "night",
    market: Annotated[str, typer.Option(help="Market: PK or IN.")] = "PK",
    quiet: Quiet = False,
) -> None:
    """Write generated exports with known dirt."""
    from transforms.sample import write_sample

    if every not in ("night", "week", "month"):
        raise SettingsError("--every is night, week or month")
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


@app.command()
def run(
    night: Night,
    dataset: Dataset = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Leave no trace.")] = False,
    gate: Annotated[str, typer.Option(help="strict, or off: a held night passes.")] = "strict",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Load one night: exports, lake, warehouse, published."""
    terminal.log_to_stderr(quiet)
    if gate not in line.GATES:
        raise SettingsError(
            f"--gate is {' or '.join(line.GATES)}, not {gate!r}. Nothing was done. With off, a "
            "night passes that the gates would hold, and that is recorded."
        )
    chosen, to_load = settings(), datasets(dataset)
    chosen.hashing_key()
    receipts = []
    for name in to_load:
        with terminal.progress_bar(f"{name} {night}", quiet) as bar:
            count = _Counter(bar)
            receipts.append(
                line.load(name, day(night), chosen, count, dry_run=True)
                if dry_run
                else line.run(name, day(night), chosen, gate, count)
            )
    built = None
    status = nights_at_once.worst(receipts)
    if status is None and not dry_run:
        built = _build(chosen, full=False, quiet=quiet)
    if as_json:
        terminal.print_json(
            {"receipts": [r.as_json() for r in receipts], "published": built and str(built.folder)}
        )
    else:
        for receipt in receipts:
            terminal.say(line.summary(receipt))
        if built:
            terminal.say(str(built.folder / publish.FILE))
    if status:
        if not dry_run:
            terminal.tell(_stays(chosen, status, night))
        raise typer.Exit(OF_STATUS[status].exit_code)


@app.command()
def backfill(
    first: Annotated[str, typer.Argument(metavar="FROM")],
    last: Annotated[str, typer.Argument(metavar="TO")],
    missing_only: Annotated[
        bool, typer.Option("--missing-only", help="Leave nights alone that are in the lake.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Load an inclusive range of nights, and publish once at the end."""
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
        terminal.tell("No night of the range can be used: nothing was published.")
        raise typer.Exit(OF_STATUS[nights_at_once.worst(receipts) or "missing"].exit_code)
    built = _build(chosen, full=False, quiet=quiet)
    if as_json:
        terminal.print_json(
            {"receipts": [r.as_json() for r in receipts], "published": str(built.folder)}
        )
    else:
        terminal.say(str(built.folder / publish.FILE))


@app.command()
def build(
    full: Annotated[
        bool, typer.Option("--full", help="Fold the whole history again, from nothing.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the warehouse from the lake, check it and publish it."""
    terminal.log_to_stderr(quiet)
    built = _build(settings(), full, quiet)
    if as_json:
        terminal.print_json(
            {"published": str(built.folder), "is_new": built.is_new, "manifest": built.manifest}
        )
    else:
        terminal.say(str(built.folder / publish.FILE))


@app.command("release-night")
def release_night(
    night: Annotated[str, typer.Argument(metavar="D")],
    reason: Annotated[str, typer.Option(help="Why this night may count after all.")],
    quiet: Quiet = False,
) -> None:
    """Let a held night pass, publish, and record who and why."""
    terminal.log_to_stderr(quiet)
    chosen = settings()
    released = line.release(day(night), chosen, getpass.getuser(), reason)
    if not released:
        raise SettingsError(f"no dataset of {night} is held: see `outlook nights`")
    built = _build(chosen, full=False, quiet=quiet)
    terminal.say(f"released {', '.join(released)}; live: {built.folder}")


for command in (
    look.nights,
    look.status,
    look.rejected,
    look.listings,
    look.diff,
    look.explain,
    look.prove,
    look.inspect,
    look.doctor,
):
    app.command()(command)


def main() -> None:
    """Entry point: runs the command and turns what stopped it into an exit code."""
    try:
        with disk_faults_told():
            # Outside its standalone mode the parser returns the code of typer.Exit.
            code = app(standalone_mode=False) or 0
            sys.stdout.flush()  # here, where a full disk can still be told
        sys.exit(code)
    except (OutlookError, DiskError) as error:
        terminal.tell(f"{error.code}: {error}")
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        terminal.tell("interrupted: what was live stays live; run the same command again")
        sys.exit(130)
    except Exception as error:
        # Usage errors of the command line parser know how to show themselves.
        show = getattr(error, "show", None)
        if show is None:
            terminal.tell(traceback.format_exc())
            sys.exit(1)
        show()
        sys.exit(getattr(error, "exit_code", 2))


class _Counter:
    """Adds up the rows that were read and shows them."""

    def __init__(self, bar: Any) -> None:
        self.bar, self.rows = bar, 0

    def __call__(self, rows: int) -> None:
        self.rows += rows
        terminal.advance(self.bar, self.rows)


def _build(chosen: Settings, full: bool, quiet: bool) -> Built:
    with terminal.progress_bar("building", quiet) as bar:
        made: list[str] = []

        def note(table: str) -> None:
            made.append(table)
            terminal.advance(bar, len(made))

        return build_warehouse(chosen, full, note)


def _stays(chosen: Settings, status_: str, night: str) -> str:
    live = publish.latest(chosen.published)
    stays = f"{live.name} stays live" if live else "nothing is published yet"
    next_step = NEXT_STEP[status_].format(night=night, exports=chosen.exports)
    return f"{night} was not published ({status_}); {stays}. {next_step}"
