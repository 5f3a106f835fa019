"""The `outlook` command in this process: what it says and returns, without the seconds that the
imports of a new one take. Tests of how it starts and ends call the script."""

import io
import logging
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

from warehouse.cli import main


def outlook(*words: str | Path) -> CompletedProcess[str]:
    """Runs the command with this environment, as `subprocess.run` would."""
    command = ["outlook", *map(str, words)]
    out, err = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    level = root.level
    # The command logs to stderr only where nobody else has said where to, as pytest has.
    with (
        patch.object(sys, "argv", command),
        patch.object(root, "handlers", []),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        finally:
            root.setLevel(level)
    assert isinstance(code, int)
    return CompletedProcess(command, code, out.getvalue(), err.getvalue())
