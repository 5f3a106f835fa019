"""Commands for a year without hands: what is deleted, backed up and restored."""

import os
from pathlib import Path
from typing import Annotated

import typer

from transforms.settings import settings
from warehouse.cli import terminal
from warehouse.cli.options import Json, Quiet


def clean(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go; delete nothing.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Delete what retention lets go: old versions, landed bytes, scratch, replaced partitions."""
    from warehouse import retention

    terminal.log_to_stderr(quiet)
    outcomes = retention.clean(settings(), dry_run)
    if as_json:
        terminal.print_json({"dry_run": dry_run, "rules": [o.as_json() for o in outcomes]})
    else:
        for line in retention.as_lines(outcomes, dry_run):
            terminal.say(line)


def backup(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="Folder, on another disk.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Back up what cannot be made again: lake, frozen editions, reports; never the key."""
    from warehouse.backup.make import make
    from warehouse.retention import size

    terminal.log_to_stderr(quiet)
    made = make(settings(), target)
    if as_json:
        terminal.print_json(vars(made))
        return
    terminal.say(
        f"{made.name}: {made.files:,} files, {size(made.bytes)} in {target}; new "
        f"{made.new_files:,} files, {size(made.new_bytes)}"
    )
    terminal.tell("The key is not in the backup: keep OUTLOOK_KEY in another place.")


def mirror(
    target: Annotated[
        str | None, typer.Argument(metavar="TARGET", help="Default: OUTLOOK_MIRROR.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Copy the live version and the reports to object storage, then point to them."""
    from warehouse.mirror import mirror as copy

    terminal.log_to_stderr(quiet)
    made = copy(settings({**os.environ, "OUTLOOK_MIRROR": target} if target else None))
    if as_json:
        terminal.print_json(vars(made))
        return
    terminal.say(f"{made.folder}: {made.sent:,} files, {made.bytes:,} bytes sent to {made.target}")


def restore(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Folder of the backups.")],
    snapshot: Annotated[str | None, typer.Option(help="Default: the newest.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Restore a backup into an empty home, check every hash, build and publish."""
    from warehouse.backup.restore import restore as put_back
    from warehouse.build.build import build
    from warehouse.retention import size

    terminal.log_to_stderr(quiet)
    chosen = settings()
    restored = put_back(chosen, source, snapshot)
    with terminal.progress_bar("building", quiet) as bar:
        count = terminal.counter(bar)
        built = build(chosen, progress=lambda _: count(1))
    if as_json:
        terminal.print_json({**vars(restored), "published": str(built.folder)})
        return
    terminal.say(
        f"{restored.name}: {restored.files:,} files, {size(restored.bytes)} restored, every hash "
        f"is right; live: {built.folder}"
    )
    for path in restored.left:
        terminal.tell(f"{path}: look at it, and put it where it belongs.")
