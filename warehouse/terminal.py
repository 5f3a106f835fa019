"""How the command line speaks: progress and messages on stderr, data on stdout."""

import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text


class _Console(Console):
    """A console whose reader may have seen enough (`| head`): that is no failure."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        stop_writing()
        raise SystemExit(0)


def stop_writing() -> None:
    """Nobody reads stdout any more; Python must not try to flush it again at exit."""
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
    """Log records as lines for a person; only errors where they want quiet."""
    handler = RichHandler(console=err, show_time=False, show_path=False, markup=False)
    logging.basicConfig(
        level=logging.ERROR if quiet else logging.INFO, format="%(message)s", handlers=[handler]
    )


def say(text: str) -> None:
    """Data for whoever reads stdout: the line as it is, however wide the terminal."""
    out.print(text, soft_wrap=True, highlight=False, markup=False)


def tell(text: str) -> None:
    """A message on stderr."""
    err.print(text, soft_wrap=True, highlight=False, markup=False)


def print_json(value: Any) -> None:
    try:
        sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        stop_writing()


def print_rows(rows: Sequence[dict[str, Any]], title: str | None = None) -> None:
    """Rows as a table; numbers to the right, nothing where a value is unknown."""
    if not rows:
        tell("nothing to show")
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        number = isinstance(next((r[name] for r in rows if r[name] is not None), ""), int | float)
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(v) for v in row.values()))
    out.print(table)


def print_calendar(nights: Iterable[dict[str, Any]]) -> None:
    """A square a night: a line for each dataset and month, so that holes are seen at a glance."""
    months: dict[tuple[str, str], dict[int, str]] = {}
    for night in nights:
        day = date.fromisoformat(str(night["export_date"]))
        months.setdefault((f"{day:%Y-%m}", night["dataset"]), {})[day.day] = night["status"]
    for (month, dataset), days in sorted(months.items()):
        line = Text(f"{month}  {dataset:<10} ")
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
    """A bar on stderr while something runs; none where they want quiet or nobody watches."""
    if quiet or not err.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as bar:
        bar.add_task(what, total=None)
        yield bar


def advance(bar: Progress | None, done: int, total: int | None = None) -> None:
    if bar:
        bar.update(bar.task_ids[0], completed=done, total=total)


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
