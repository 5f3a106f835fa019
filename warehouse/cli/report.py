"""`outlook report`: one edition as page, PDF, workbook, CSV and Parquet."""

import getpass
import webbrowser
from datetime import date
from typing import Annotated

import typer

from transforms.errors import SettingsError
from transforms.settings import Settings, settings
from warehouse import publish
from warehouse.cli import terminal
from warehouse.editions import frozen

STATUSES = (None, "provisional", "final")


def report(
    edition: Annotated[str, typer.Argument(help="2022, FY2022 or CY2022.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="As it was known on that night, YYYY-MM-DD.")
    ] = None,
    basis: Annotated[str | None, typer.Option(help="fiscal or calendar.")] = None,
    status: Annotated[
        str | None, typer.Option(help="final freezes it first; else as the edition stands.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why frozen figures change, or nights are missing.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Data as JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Errors only on stderr.")] = False,
) -> None:
    """Make the page, PDF, workbook, CSV and Parquet of one edition."""
    from warehouse.page import pdf, report
    from warehouse.page.edition import name_of

    terminal.log_to_stderr(quiet)
    try:
        day = date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise SettingsError(f"{as_of!r} is no date: write YYYY-MM-DD") from None
    name, chosen = name_of(edition, basis), settings()
    _can_be(status, name, day, reason, chosen)
    with terminal.progress_bar(f"making {name}", quiet) as bar:
        parts: list[str] = []

        def note(part: str) -> None:
            parts.append(part)
            terminal.advance(bar, len(parts))

        if status == "final":
            made = report.release(chosen, name, getpass.getuser(), reason, note)
        else:
            made = report.make(chosen, name, day, note)
    if not made.has_pdf:
        terminal.tell(f"The PDF was skipped: libpango is not installed. To have it: {pdf.INSTALL}")
    if as_json:
        terminal.print_json(
            {
                "edition": name,
                "status": made.status,
                "folder": str(made.folder),
                "has_pdf": made.has_pdf,
                "seconds": round(made.seconds, 3),
            }
        )
    else:
        for line in report.summary(made):
            terminal.say(line)
    if show:
        webbrowser.open((made.folder / "index.html").as_uri())


def _can_be(
    status: str | None, name: str, as_of: date | None, reason: str | None, chosen: Settings
) -> None:
    """Raises SettingsError where the edition cannot get that status."""
    from warehouse.page.edition import version

    if status not in STATUSES:
        raise SettingsError("--status is provisional or final")
    if reason is not None and (status != "final" or not reason.strip()):
        raise SettingsError("--reason says why frozen figures change: give it with --status final")
    one = frozen.newest(chosen.published, name)
    if status == "provisional" and one:
        raise SettingsError(
            f"{name} is {one.status}, frozen on {one.frozen_at:%Y-%m-%d}, and cannot be "
            "provisional again. Leave out --status to make its report as it stands."
        )
    if status == "final" and as_of:
        source, live = version(chosen.published, as_of), publish.latest(chosen.published)
        if source != live:
            raise SettingsError(
                f"--status final freezes what the lake holds today, not {source.name}: leave out "
                f"--as-of to release {name} as it is live now."
            )
