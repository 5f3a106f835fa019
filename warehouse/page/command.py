"""`outlook report`: one edition as page, PDF, workbook, CSV and Parquet."""

import webbrowser
from datetime import date
from typing import Annotated

import typer

from transforms.errors import SettingsError
from transforms.settings import settings
from warehouse import terminal


def report(
    edition: Annotated[str, typer.Argument(help="2022, FY2022 or CY2022.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="As it was known on that night, YYYY-MM-DD.")
    ] = None,
    basis: Annotated[str | None, typer.Option(help="fiscal or calendar.")] = None,
    status: Annotated[str, typer.Option(help="provisional or final.")] = "provisional",
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Data as JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Errors only on stderr.")] = False,
) -> None:
    """Make the page, PDF, workbook, CSV and Parquet of one edition."""
    from warehouse.page import pdf, report
    from warehouse.page.edition import name_of

    terminal.log_to_stderr(quiet)
    if status not in report.STATUSES:
        raise SettingsError(f"--status is {' or '.join(report.STATUSES)}")
    try:
        day = date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise SettingsError(f"{as_of!r} is no date: write YYYY-MM-DD") from None
    name = name_of(edition, basis)
    with terminal.progress_bar(f"making {name}", quiet) as bar:
        parts: list[str] = []

        def note(part: str) -> None:
            parts.append(part)
            terminal.advance(bar, len(parts))

        made = report.make(settings(), name, status, day, note)
    if not made.has_pdf:
        terminal.tell(f"The PDF was skipped: libpango is not installed. To have it: {pdf.INSTALL}")
    if as_json:
        terminal.print_json(
            {"edition": name, "status": status, "folder": str(made.folder),
             "has_pdf": made.has_pdf, "seconds": round(made.seconds, 3)}
        )  # fmt: skip
    else:
        for line in report.summary(made):
            terminal.say(line)
    if show:
        webbrowser.open((made.folder / "index.html").as_uri())
