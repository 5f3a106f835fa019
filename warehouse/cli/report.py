"""Commands for report authors: make the files of an edition, and check a frozen one."""

import getpass
import webbrowser
from typing import Annotated

import typer

from transforms.settings import settings
from warehouse.cli import terminal
from warehouse.cli.options import Json, Quiet, day


def report(
    edition: Annotated[str, typer.Argument(help="2022, FY2022 or CY2022.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="As known on that export date, YYYY-MM-DD.")
    ] = None,
    basis: Annotated[str | None, typer.Option(help="Year basis: fiscal or calendar.")] = None,
    status: Annotated[
        str | None, typer.Option(help="final freezes the edition first. Default: as it stands.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why frozen figures change, or why nights are missing.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the page, PDF, workbook, CSV and Parquet of one edition."""
    from warehouse.page import pdf, report
    from warehouse.page.edition import name_of

    terminal.log_to_stderr(quiet)
    known_on = day(as_of) if as_of else None
    name, chosen = name_of(edition, basis), settings()
    report.can_be(status, name, known_on, reason, chosen.published)
    with terminal.progress_bar(f"making {name}", quiet) as bar:
        count = terminal.counter(bar)
        if status == "final":
            made = report.release(chosen, name, getpass.getuser(), reason, lambda _: count(1))
        else:
            made = report.make(chosen, name, known_on, lambda _: count(1))
    if not made.has_pdf:
        terminal.tell(f"The PDF was skipped: libpango is not installed. To install: {pdf.INSTALL}")
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


def freeze(
    editions: Annotated[list[str], typer.Argument(help="Finished years: FY2020 FY2021.")],
    quiet: Quiet = False,
) -> None:
    """Freeze finished years in one step, without reports. The next build shows them as final."""
    from warehouse.editions import freeze as freezing
    from warehouse.page.edition import name_of

    terminal.log_to_stderr(quiet)
    names = [name_of(e, None) for e in editions]
    for one in freezing.freeze_each(settings(), names, getpass.getuser()):
        terminal.say(f"{one.manifest['edition']}: {one.folder}")


def brief(
    place: Annotated[
        str, typer.Argument(help="A city or a category: sialkot, apparel-accessories.")
    ],
    edition: Annotated[
        str | None, typer.Option(help="2022, FY2022 or CY2022. Default: the newest fiscal year.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Json = False,
) -> None:
    """Make a brief of one city or one category: two pages, as a web page and as PDF."""
    from warehouse.page import brief, pdf
    from warehouse.page.edition import name_of

    made = brief.make(settings(), place, name_of(edition, None) if edition else None)
    if as_json:
        terminal.print_json(brief.as_json(made))
    else:
        terminal.say(f"page: {made.page}")
        if made.pdf:
            terminal.say(f"PDF: {made.pdf}")
    if made.pdf is None:
        terminal.tell(f"The PDF was skipped: libpango is not installed. To install: {pdf.INSTALL}")
    if show:
        webbrowser.open(made.page.as_uri())


def prove(
    edition: Annotated[str, typer.Argument(help="2022, FY2022 or CY2022.")],
    as_json: Json = False,
) -> None:
    """Compare a frozen edition with what today's lake and code give; exit 1 if they differ."""
    from warehouse.page.edition import name_of
    from warehouse.questions import prove as proving

    one, found = proving.prove(settings(), name_of(edition, None))
    changes = [vars(c) for c in found.changes]
    if as_json:
        terminal.print_json(
            {
                "frozen": one.folder.name,
                "figures": found.figures,
                "tables": found.tables,
                "differences": changes,
                "younger_tables": found.younger,
            }
        )
    elif changes:
        terminal.print_rows(changes, f"{one.folder.name}: as frozen, and as made today")
        terminal.tell(
            f"{len(changes):,} cells differ. The frozen edition stays as it is; `outlook report "
            f'{one.manifest["edition"]} --status final --reason "…"` would revise it.'
        )
    else:
        terminal.say(
            f"{one.folder.name}: the same {found.figures:,} figures in {found.tables} tables"
        )
    if found.younger and not as_json:
        terminal.tell(f"not compared (added since it was frozen): {', '.join(found.younger)}")
    if changes:
        raise typer.Exit(1)
