"""Output of the command line: progress and messages on stderr, data on stdout.

All text passes `visible`: delivered text may hold escape sequences, links and direction marks,
which must not reach the terminal. Rich's markup is switched off.
"""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Literal

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from transforms.visible import visible


class _Console(Console):
    """A console whose reader may close the pipe early (`| head`), which is not a failure."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        stop_writing()
        raise SystemExit(0)


def stop_writing() -> None:
    """Points stdout at nothing: its reader is gone, and Python flushes it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


out = _Console()
err = Console(stderr=True)

MARKS = {
    "ok": ("●", "green"),
    "late": ("◐", "green"),
    "partial": ("◑", "yellow"),
    "held": ("■", "red"),
    "refused": ("✕", "red"),
    "missing": ("○", "red"),
    "damaged": ("!", "red"),
}


def log_to_stderr(quiet: bool) -> None:
    """Log records as plain lines on stderr; errors only if `quiet`."""
    handler = RichHandler(console=err, show_time=False, show_path=False, markup=False)
    handler.setFormatter(_Visible("%(message)s"))
    logging.basicConfig(level=logging.ERROR if quiet else logging.INFO, handlers=[handler])


def say(text: str) -> None:
    """One line of data on stdout, never wrapped to the terminal's width."""
    out.print(visible(text), soft_wrap=True, highlight=False, markup=False, emoji=False)


def tell(text: str) -> None:
    """A message on stderr, of one or more lines."""
    err.print(lines(text), soft_wrap=True, highlight=False, markup=False, emoji=False)


def print_json(value: Any) -> None:
    try:
        sys.stdout.write(as_json(value) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        stop_writing()


def as_json(value: Any, default: Callable[[Any], Any] = str) -> str:
    """JSON with invisible characters as escapes such as `\\u202e`, which parse to the same text."""
    text = json.dumps(value, ensure_ascii=False, default=default)
    if text.isprintable():
        return text
    return "".join(c if visible(c) == c else json.dumps(c)[1:-1] for c in text)


def lines(text: str) -> str:
    """Text of several lines, each passed through `visible`."""
    return "\n".join(map(visible, text.split("\n")))


def print_rows(rows: Sequence[dict[str, Any]], title: str | None = None) -> None:
    """Rows as a table: numbers right-aligned, an unknown value left blank."""
    if not rows:
        tell("nothing to show")
        return
    table = Table(title=title and Text(visible(title)), title_justify="left")
    for name in rows[0]:
        number = isinstance(next((r[name] for r in rows if r[name] is not None), ""), int | float)
        justify: Literal["left", "right"] = "right" if number else "left"
        table.add_column(Text(visible(name)), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(_cell(v))) for v in row.values()))
    out.print(table)


def print_calendar(nights: Iterable[dict[str, Any]]) -> None:
    """A line per dataset and month with a mark per night, so that gaps stand out."""
    months: dict[tuple[str, str], dict[int, str]] = {}
    for night in nights:
        day = date.fromisoformat(str(night["export_date"]))
        months.setdefault((f"{day:%Y-%m}", night["dataset"]), {})[day.day] = night["status"]
    for (month, dataset), days in sorted(months.items()):
        line = Text(visible(f"{month}  {dataset:<10} "))
        for day_number in range(1, 32):
            mark, colour = MARKS.get(days.get(day_number, ""), ("·", "dim"))
            line.append(mark, colour)
        out.print(line)
    legend = Text("\n")
    for status, (mark, colour) in MARKS.items():
        legend.append(f"{mark} {status}  ", colour)
    out.print(legend.append("· not due", "dim"))


@contextmanager
def progress_bar(what: str, quiet: bool) -> Iterator[Progress | None]:
    """A progress bar on stderr; none if `quiet` or if stderr is not a terminal."""
    if quiet or not err.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as bar:
        bar.add_task(visible(what), total=None)
        yield bar


def advance(bar: Progress | None, done: int, total: int | None = None) -> None:
    if bar:
        bar.update(bar.task_ids[0], completed=done, total=total)


def counter(bar: Progress | None) -> Callable[[int], None]:
    """Returns a function that adds to the bar's count."""
    done = 0

    def add(number: int) -> None:
        nonlocal done
        done += number
        advance(bar, done)

    return add


class _Visible(logging.Formatter):
    """Makes tracebacks visible too: they quote what a library says of a file."""

    def format(self, record: logging.LogRecord) -> str:
        return lines(super().format(record))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(value)
