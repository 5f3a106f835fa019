"""The command `rejected`: shows rejected rows, writes them for their sender, tries them again."""

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transforms.errors import SettingsError
from transforms.settings import Settings
from warehouse.cli import terminal
from warehouse.cli.options import Dataset, Engine, Json, Quiet, datasets, day, settings_with

if TYPE_CHECKING:
    from transforms.retry import Retried, Tried


def rejected(
    night: Annotated[str | None, typer.Option("--date", help="Export date, YYYY-MM-DD.")] = None,
    dataset: Dataset = None,
    reason: Annotated[str | None, typer.Option(help="Only reasons that hold this text.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Write them to this CSV file.")] = None,
    for_sender: Annotated[
        bool, typer.Option("--for-sender", help="With --to: where and why, no text of the rows.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Load those of sixty days that today's rules accept.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --retry: load nothing.")] = False,
    engine: Engine = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show rejected rows with file, line, column and reason. They hold personal data."""
    from transforms.lake import Lake
    from warehouse.questions import rejects

    _refuse_mixed(to, for_sender, retry, dry_run)
    chosen, of = settings_with(engine), (datasets(dataset), day(night) if night else None, reason)
    if retry:
        _retry(chosen, *of, dry_run, as_json, quiet)
        return
    if to:
        rejects.check_target(to)
    found = (rejects.for_sender if for_sender else rejects.rejected)(Lake(chosen.place), *of)
    if gone := rejects.deleted(Lake(chosen.place), of[0], of[1]):
        terminal.tell(
            f"{gone:,} exports have rejected rows that retention has deleted, since they hold "
            "people; meta.rejected still counts them"
        )
    if to:
        rejects.write_csv(found, to)
        terminal.tell(f"{len(found):,} rows written to {to} (mode 0600)")
    elif as_json:
        terminal.print_json(found)
    else:
        terminal.print_rows([{k: v for k, v in row.items() if k != "raw_row"} for row in found])


def _refuse_mixed(to: Path | None, for_sender: bool, retry: bool, dry_run: bool) -> None:
    if for_sender and not to:
        raise SettingsError("--for-sender writes a file: name it with --to. Nothing was done.")
    if dry_run and not retry:
        raise SettingsError("--dry-run belongs to --retry. Nothing was done.")
    if retry and to:
        raise SettingsError("--retry writes no file: leave out --to. Nothing was done.")


def _retry(
    chosen: Settings,
    of: tuple[str, ...],
    night: Any,
    reason: str | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from transforms.retry import retry
    from warehouse import versions
    from warehouse.build.build import build, is_behind

    terminal.log_to_stderr(quiet)
    chosen.hashing_key()
    done = retry(chosen, of, night, reason, dry_run)
    built = None
    try:
        # Also what an earlier retry loaded, and was killed before it could publish it.
        is_due = bool(done.loaded) or (not dry_run and versions.latest(chosen.published))
        built = build(chosen) if is_due and is_behind(chosen) else None
    finally:  # what was loaded is told even if it cannot be published
        if as_json:
            terminal.print_json({**_as_json(done), "published": built and str(built.folder)})
        else:
            _show(done, dry_run)
    if built and not as_json:
        terminal.say(str(built.file))
    if done.problems:
        raise typer.Exit(done.problems[0].exit_code)


def _show(done: "Retried", dry_run: bool) -> None:
    rows = _summed(done.tried)
    if rows:
        terminal.print_rows(rows)
    else:
        terminal.tell(
            "no rejected row was judged by other rules than today's: nothing to try again"
        )
    for old, new in done.loaded:
        terminal.say(
            f"{new.dataset} {new.export_date} {new.status}: accepted {old.rows.kept:,} -> "
            f"{new.rows.kept:,}, rejected {old.rows.rejected:,} -> {new.rows.rejected:,}, "
            f"duplicate {old.rows.duplicate:,} -> {new.rows.duplicate:,}, of {new.rows.read:,}"
        )
    accepted = sum(t.accepted for t in done.tried)
    if dry_run:
        terminal.tell(f"{accepted:,} rows would be accepted; nothing was loaded")


def _summed(tried: "list[Tried]") -> list[dict[str, Any]]:
    """Rejected rows by dataset, reason and partner, over all nights."""
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for one in tried:
        counts = (1, one.rejected, one.accepted, one.untold)
        of = sums[one.dataset, one.reason, one.partner or ""]
        of[:] = [a + b for a, b in zip(of, counts, strict=True)]
    keys, counts_ = ("dataset", "reason", "partner"), ("nights", "rejected", "accepted", "untold")
    return [
        dict(zip((*keys, *counts_), (*of, *counts), strict=True))
        for of, counts in sorted(sums.items())
    ]


def _as_json(done: "Retried") -> dict[str, Any]:
    return {
        "tried": _summed(done.tried),
        "loaded": [
            {
                "dataset": new.dataset,
                "export_date": f"{new.export_date}",
                "status": new.status,
                "before": old.as_json()["rows"],
                "after": new.as_json()["rows"],
            }
            for old, new in done.loaded
        ],
        "problems": [f"{p.code}: {p}" for p in done.problems],
    }
