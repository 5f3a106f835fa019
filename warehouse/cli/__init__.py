"""The `outlook` command: it calls the same functions as the DAGs.

Data goes to stdout, progress and messages to stderr. Exit codes: 0 done, 1 failed, 2 usage or
settings, 3 input late or missing, 4 held by a gate, 5 input broken or refused, 6 could not
publish, 130 interrupted. Each error class of transforms/errors.py carries its exit code.

Modules here import only the terminal output at the top. Each command imports the rest when it is
called, so that `--help`, `status` and `nights` start without pandas.
"""

import sys
import traceback
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from transforms.errors import OutlookError, SettingsError, TransientError
from transforms.storage import disk_faults_told
from warehouse.cli import keep, look, query, rejects, report, run, terminal

INTERRUPTED = 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    run.sample,
    run.run,
    run.backfill,
    run.build,
    run.release_night,
    report.report,
    report.brief,
    report.freeze,
    report.prove,
    look.nights,
    look.status,
    rejects.rejected,
    look.inspect,
    look.doctor,
    query.explain,
    query.diff,
    query.revisions,
    query.listings,
    keep.clean,
    keep.backup,
    keep.mirror,
    keep.restore,
):
    app.command()(command)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        from transforms.code import code_version

        sys.stdout.write(f"outlook {version('digital-b2b-outlook')}, code {code_version()}\n")
        raise typer.Exit


@app.callback()
def outlook(
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_tell_version,
            is_eager=True,
            help="Show the version, and the code that receipts name, and exit.",
        ),
    ] = False,
) -> None:
    """Nightly marketplace exports to clean Parquet, one DuckDB file, and a yearly Outlook."""


def main() -> None:
    """Entry point: runs the command and turns an error into an exit code."""
    try:
        with disk_faults_told():
            # Outside its standalone mode the parser returns the code of typer.Exit.
            code = app(prog_name="outlook", standalone_mode=False) or 0
            sys.stdout.flush()  # here, where a full disk can still be told
        if code == INTERRUPTED:  # the parser took Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code)
    except (OutlookError, TransientError) as error:
        terminal.tell(f"{error.code}: {error}")
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _interrupted()
    except PermissionError as error:
        terminal.tell(
            f"{SettingsError.code}: {error.filename or 'a path'}: {error.strerror}. Nothing more "
            "was done: change its owner or mode, or name another path."
        )
        sys.exit(SettingsError.exit_code)
    except Exception as error:
        if str(error) == "Query interrupted":  # DuckDB took Ctrl-C
            _interrupted()
        # Usage errors of the command line parser know how to show themselves.
        show = getattr(error, "show", None)
        if show is None:
            terminal.tell(traceback.format_exc())
            sys.exit(OutlookError.exit_code)
        show()
        sys.exit(getattr(error, "exit_code", SettingsError.exit_code))


def _interrupted() -> NoReturn:
    terminal.tell("interrupted: the live version is unchanged; run the same command again")
    sys.exit(INTERRUPTED)
