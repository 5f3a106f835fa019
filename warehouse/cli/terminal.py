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
from datetime import UTC, date, datetime
from typing import Any

from rich.cells import cell_len
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

COUNTING = ("ok", "late", "partial")
DAYS = range(1, 32)
SHORT = 24  # characters; longer text may be wrapped


def log_to_stderr(quiet: bool) -> None:
    """Log records on stderr; errors only if `quiet`. In a file or a pipe each is one line with its
    time in UTC, for grep and for whoever reads it the next morning."""
    handler: logging.Handler
    if err.is_terminal:
        handler = RichHandler(console=err, show_time=False, show_path=False, markup=False)
        handler.setFormatter(_Visible("%(message)s"))
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(_Visible("%(asctime)s %(levelname)s %(message)s"))
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
    """Rows as a table: numbers right-aligned, an unknown value left blank.

    On a terminal it fits the width; a table too wide for it becomes a block of lines per row. In a
    pipe every row is one line, as wide as it needs to be: for grep, cut and head.
    """
    if not rows:
        tell("nothing to show")
        return
    if title:
        say(title)
    names = [visible(name) for name in rows[0]]
    cells = [[visible(_cell(v)) for v in row.values()] for row in rows]
    numbers = [_is_number(rows, name) for name in rows[0]]
    widths = [max(map(cell_len, column)) for column in zip(names, *cells, strict=True)]
    if _is_piped():
        _print_aligned([names, *cells], widths, numbers)
    elif sum(min(w, SHORT) for w in widths) + 3 * len(widths) + 1 <= out.width:
        _print_table(names, cells, widths, numbers)
    else:
        _print_blocks(names, cells)


def folded(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """A wide table as several that fit the terminal: each with the first column and some others.
    In a pipe it stays one table."""
    names = list(rows[0]) if rows else []
    widths = {
        n: max(cell_len(visible(_cell(v))) for v in (n, *(r[n] for r in rows))) for n in names
    }
    room = sys.maxsize if _is_piped() else out.width - 1
    while len(names) > 1:
        first, *others = names
        kept = [first]
        for name in others:
            if len(kept) > 1 and sum(widths[n] + 3 for n in (*kept, name)) > room:
                break
            kept.append(name)
        yield [{n: row[n] for n in kept} for row in rows]
        names = [first, *names[len(kept) :]]


def _is_piped() -> bool:
    """Whether the output goes to a file or a program; COLUMNS gives it a width all the same."""
    return not out.is_terminal and "COLUMNS" not in os.environ


def _is_number(rows: Sequence[dict[str, Any]], name: str) -> bool:
    first = next((row[name] for row in rows if row[name] is not None), "")
    return isinstance(first, int | float) and not isinstance(first, bool)


def _print_aligned(
    lines_: Sequence[Sequence[str]], widths: Sequence[int], numbers: Sequence[bool]
) -> None:
    for line in lines_:
        padded = []
        for cell, width, is_number in zip(line, widths, numbers, strict=True):
            blanks = " " * (width - cell_len(cell))
            padded.append(blanks + cell if is_number else cell + blanks)
        say("  ".join(padded).rstrip())


def _print_table(
    names: Sequence[str],
    cells: Sequence[Sequence[str]],
    widths: Sequence[int],
    numbers: Sequence[bool],
) -> None:
    table = Table()
    for name, width, is_number in zip(names, widths, numbers, strict=True):
        # Only long text is wrapped: half a number is another number.
        table.add_column(
            Text(name),
            justify="right" if is_number else "left",
            no_wrap=width <= SHORT,
            min_width=min(width, SHORT),
            overflow="fold",
        )
    for row in cells:
        table.add_row(*map(Text, row))
    out.print(table)


def _print_blocks(names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """A line per value, and a blank line between rows."""
    width = max(map(cell_len, names))
    for place, row in enumerate(cells):
        if place:
            say("")
        for name, cell in zip(names, row, strict=True):
            if cell:
                say(f"{name}{' ' * (width - cell_len(name))}  {cell}")


def print_calendar(nights: Iterable[dict[str, Any]]) -> None:
    """A line per month and dataset with a mark per night, and how many of the due nights count."""
    months: dict[tuple[str, str], dict[int, str]] = {}
    for night in nights:
        day = date.fromisoformat(str(night["export_date"]))
        months.setdefault((f"{day:%Y-%m}", night["dataset"]), {})[day.day] = night["status"]
    year = ""
    for (month, dataset), days in sorted(months.items()):
        if not month.startswith(year) or not year:
            _print_days(is_first=not year)
            year = month[:4]
        line = Text(visible(f"{month}  {dataset:<10} "))
        for day_number in DAYS:
            mark, colour = MARKS.get(days.get(day_number, ""), ("·", "dim"))
            line.append(mark, colour)
        count = sum(status in COUNTING for status in days.values())
        out.print(line.append(f"  {count:>2} of {len(days):>2}"), soft_wrap=True)
    legend = Text("\n")
    for status, (mark, colour) in MARKS.items():
        legend.append(f"{mark} {status}  ", colour)
    out.print(legend.append("· not due", "dim"), soft_wrap=True)


def _print_days(is_first: bool) -> None:
    """The days of a month over their columns, tens above units: again for each year."""
    if not is_first:
        say("")
    tens = "".join(f"{n // 10}" if n % 10 == 0 else " " for n in DAYS)
    say(f"{'':<20}{tens.rstrip()}")
    say(f"{'month':<9}{'dataset':<11}{''.join(f'{n % 10}' for n in DAYS)}  that count")


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

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%d %H:%M:%SZ}"


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
