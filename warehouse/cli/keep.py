"""Commands for a year without hands: what is deleted, backed up and restored."""

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
