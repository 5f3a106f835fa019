"""Retention: deletes what the rules in rules.toml let go, and says what, how much and why.

A folder is renamed before its files are deleted, so that nobody takes a half-deleted one for a
whole one; whatever a kill leaves, the next run removes. A dry run takes no lock and deletes
nothing.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from transforms.settings import Settings, settings
from transforms.storage import disk_faults_told
from warehouse.retention import lake, versions
from warehouse.retention.rules import RULES, Removed, Rule

log = logging.getLogger(__name__)

Sweep = Callable[[Settings, datetime, bool], list[Removed]]
SWEEPS: tuple[Sweep, ...] = (versions.sweep, lake.sweep)
OF_AIRFLOW = "airflow"  # only the DAG can clean that


@dataclass(frozen=True)
class Outcome:
    """What one rule let go: how many files and folders, their bytes, and their names."""

    rule: str
    what: str
    items: int
    bytes: int
    why: str
    names: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "names": list(self.names)}


def clean(chosen: Settings, dry_run: bool = False, now: datetime | None = None) -> list[Outcome]:
    """Deletes what the rules let go; returns an outcome per rule, also where nothing went.

    Raises Damaged if a receipt cannot be read: then nobody knows what its night needs.
    """
    found = [r for sweep in SWEEPS for r in sweep(chosen, now or datetime.now(UTC), dry_run)]
    return [_outcome(rule, found) for name, rule in RULES.items() if name != OF_AIRFLOW]


@disk_faults_told()
def maintain() -> dict[str, Any]:
    """What the DAG does: cleans, and logs one record; returns items and bytes by rule."""
    outcomes = clean(settings())
    log.info("\n".join(["Retention", *(f"  {line}" for line in as_lines(outcomes))]))
    return {o.rule: {"items": o.items, "bytes": o.bytes} for o in outcomes}


def as_lines(outcomes: list[Outcome], dry_run: bool = False) -> list[str]:
    """The outcomes for a log or a terminal: what went first, then what had nothing to go."""
    verb = "would go" if dry_run else "deleted"
    lines = []
    for o in outcomes:
        if o.items:
            lines.append(f"{o.what}: {o.items:,} {verb}, {size(o.bytes)} ({o.why})")
            lines += [f"  {name}" for name in _shown(o.names)]
    idle = [o.what for o in outcomes if not o.items]
    if idle:
        lines.append(f"nothing to delete: {', '.join(idle)}")
    total = size(sum(o.bytes for o in outcomes))
    lines.append(f"{total} would be freed, nothing was deleted" if dry_run else f"{total} freed")
    return lines


def size(count: int) -> str:
    """A number of bytes in the largest unit that leaves at least 1."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.1f} {unit}" if unit != "B" else f"{count} B"
        amount /= 1000
    return f"{amount:.1f} TB"


def _outcome(rule: Rule, found: list[Removed]) -> Outcome:
    own = [r for r in found if r.rule == rule.name]
    names = tuple(r.name for r in own)
    return Outcome(rule.name, rule.what, len(own), sum(r.bytes for r in own), rule.why, names)


def _shown(names: tuple[str, ...], most: int = 5) -> list[str]:
    more = len(names) - most
    return [*names[:most], *([f"and {more:,} more"] if more > 0 else [])]
