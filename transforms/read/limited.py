"""Runs parsers that could use too much memory or time in a separate process: sheets/."""

import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from transforms.errors import ExportError

ROOT = Path(__file__).parents[2]
LONGEST_WAIT = 1200  # seconds by the clock; the child has far fewer of the processor


def answer_of_child(kind: str, path: Path, name: str, sink: IO[bytes]) -> dict[str, Any]:
    """The child process's answer about a file; it may write to `sink`.

    Raises ExportError: bomb, if a limit stopped it, or the error that the child reports.
    """
    module = [sys.executable, "-m", "transforms.sheets"]
    try:
        done = subprocess.run(
            [*module, kind, str(path.absolute()), str(sink.fileno())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[sink.fileno()],
            timeout=LONGEST_WAIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
    answer = json.loads(done.stdout) if done and done.stdout else {}
    if not answer:
        answer["error"] = "bomb", "takes more memory or time to read than an export may"
    if "error" in answer:
        code, why = answer["error"]
        if code == "encrypted":
            why = "is protected by a password: request it without one, or save it without one"
        advice = " Request it as CSV." if code in ("bomb", "too_wide") else ""
        raise ExportError(code, f"{name} {why}. Nothing was loaded.{advice}")
    return answer
