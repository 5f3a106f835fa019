"""Gates: whether a night may count. They judge in order of export date, not of arrival.

They hold a census far from the median of its last good nights, inquiries far below the same
weekdays, any dataset above its contract's share of rejected rows, and any night that repeats an
earlier one.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import islice
from statistics import median
from typing import Any, NamedTuple

from transforms.clean.no_row import TOTAL
from transforms.contracts import contract
from transforms.lake.receipt import OWN_EXTENT, PAGE_CAP, Receipt, Status, Warned

LOOK_BACK = 14  # good nights
FROM_NIGHTS = 3
CENSUS_LOW, CENSUS_HIGH = 0.9, 2.0
INQUIRIES_LOW, INQUIRIES_WARN = 0.3, 0.5

CODES = ("low_volume", "released", "same_as_before")  # warnings that come of other nights


class Verdict(NamedTuple):
    """Status of a night, why it is held, and warnings that depend on other nights."""

    status: Status
    reason: str | None
    warnings: tuple[Warned, ...] = ()


class GoodNight(NamedTuple):
    """A night that counted in full, and its rows per day since the previous due night."""

    night: date
    accepted: int
    per_day: float


def judge(
    receipt: Receipt,
    good: Sequence[GoodNight],
    days: int,
    release: dict[str, Any] | None,
    brought: Mapping[str, date],
) -> Verdict:
    """The verdict on a loaded night; `days` is the time since the previous due night.

    `brought` maps the contents of earlier nights that count to the night that first had them.
    """
    is_capped = any(s.rows == PAGE_CAP for s in receipt.sources)
    reason, warnings = (None, ()) if is_capped else _volume(receipt, good, days)
    reason = _too_many_rejected(receipt) or reason
    if receipt.rows.in_ == 0 and receipt.extent == "census":
        reason = "no rows at all"
    for warning in receipt.warnings:
        if warning.code == "ambiguous_dates":
            reason = (
                f"{warning.column} is written with the day first and with the month first, so "
                "that its dates cannot be told apart; those that could be either are null"
            )
    stale, same = _stale(receipt, brought)
    reason, warnings = stale or reason, (*warnings, *same)
    passed: Status = "partial" if is_capped else "ok"
    if reason and release and release["content"] == receipt.content:
        return Verdict(passed, None, (*warnings, Warned("released", None, receipt.rows.kept)))
    return Verdict("held", reason, warnings) if reason else Verdict(passed, None, warnings)


def contents(receipt: Receipt) -> set[str]:
    """Hashes of a night's unpacked files, and of its rows in any order, except empty ones."""
    files = {s.unpacked_sha256 for s in receipt.sources if s.rows}
    rows = receipt.rows_hash if receipt.rows.accepted else None
    return files | ({rows} if rows else set())


def _too_many_rejected(receipt: Receipt) -> str | None:
    terms = contract(receipt.dataset)
    # A total under the table is not a bad row.
    reasons = {r: n for r, n in receipt.reasons.items() if not r.endswith(TOTAL)}
    rejected, rows_in = sum(reasons.values()), receipt.rows.read
    share = rejected / rows_in if rows_in else 0.0
    if share <= terms.max_rejected_share:
        return None
    common = max(reasons, key=lambda r: reasons[r])
    return (
        f"{rejected:,} of {rows_in:,} rows rejected ({share:.0%}, allowed "
        f"{terms.max_rejected_share:.0%}); most often: {common}"
    )


def _stale(receipt: Receipt, brought: Mapping[str, date]) -> tuple[str | None, tuple[Warned, ...]]:
    """Why a night repeats an earlier one; a warning if that may be chance."""
    least = contract(receipt.dataset).stale_from
    files = {
        s.name: (brought[s.unpacked_sha256], s.rows)
        for s in receipt.sources
        if s.rows and s.unpacked_sha256 in brought
    }
    again = {name: night for name, (night, rows) in files.items() if rows >= least}
    if again:
        which = "" if len(again) == len(receipt.sources) else f"{', '.join(sorted(again))} has "
        return f"stale: {which}the same bytes as {min(again.values())}", ()
    accepted = receipt.rows.kept
    night = brought.get(receipt.rows_hash or "")
    # Only a few columns of a search page are read, and those may well be unchanged.
    if night and accepted >= least and receipt.extent == OWN_EXTENT[receipt.dataset]:
        return f"stale: the same rows as {night}, in other bytes", ()
    if files or (night and accepted):
        return None, (Warned("same_as_before", None, accepted),)
    return None, ()


def _volume(
    receipt: Receipt, good: Sequence[GoodNight], days: int
) -> tuple[str | None, tuple[Warned, ...]]:
    accepted = receipt.rows.kept
    if receipt.extent == "census":
        last = [g.accepted for g in good[-LOOK_BACK:]]
        if len(last) < FROM_NIGHTS:
            return None, ()
        usual = median(last)
        if not CENSUS_LOW * usual <= accepted <= CENSUS_HIGH * usual:
            return (
                f"{accepted:,} rows against a median of {usual:,.0f} in the last {len(last)} good "
                f"nights ({accepted / usual:.0%}, allowed {CENSUS_LOW:.0%} to {CENSUS_HIGH:.0%})"
            ), ()
        return None, ()
    if receipt.extent == "window":
        weekday = receipt.export_date.weekday()
        # From the last on: all would be thousands, for each of thousands of nights.
        of_weekday = (g.per_day for g in reversed(good) if g.night.weekday() == weekday)
        same = list(islice(of_weekday, LOOK_BACK))
        if len(same) < FROM_NIGHTS or not median(same):
            return None, ()
        ratio = accepted / max(days, 1) / median(same)
        if ratio < INQUIRIES_LOW:
            return (
                f"{accepted:,} rows in {days} days, {ratio:.0%} of the usual for this weekday "
                f"(at least {INQUIRIES_LOW:.0%})"
            ), ()
        if ratio < INQUIRIES_WARN:
            return None, (Warned("low_volume", None, accepted),)
    return None, ()
