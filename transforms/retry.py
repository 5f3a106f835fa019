"""Rejected rows that today's rules accept, and the reload that brings them back.

Whether rules accept a row is found by cleaning its kept text again. To load it, the whole night is
read again from its delivered bytes: so no row is doubled or lost, repeated keys are settled as
always, and the receipt records what it replaced.
"""

import json
import logging
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from transforms.check import check
from transforms.clean import CLEANERS, Context
from transforms.clean.no_row import ALONE, TOTAL
from transforms.code import code_version
from transforms.corrections import correct
from transforms.errors import ExportMissing, OutlookError, SourceUnreachable
from transforms.lake import Lake, Receipt
from transforms.lake.commit import commit
from transforms.layouts import layouts
from transforms.lease import scratch
from transforms.night import Attempt, content_of, landed_bytes, mended, settle
from transforms.settings import Settings

log = logging.getLogger(__name__)

DAYS = 60  # before the newest night; retention keeps landed bytes a little longer
PARTNER = "channel_partner"  # the raw field that says who brought a seller in
# What a receipt says of the rules; the rest says what was delivered, and stays.
OF_THE_RULES = (
    "status",
    "code_version",
    "started_at",
    "layout",
    "extent",
    "sources",
    "rows_hash",
    "rows",
    "reasons",
    "value_rejects",
    "drift",
    "parts",
    "warnings",
    "reason",
)


@dataclass(frozen=True)
class Tried:
    """Rejected rows of one night with the same reason and partner: how many there are, how many
    today's rules accept, and of how many only reading the file again can tell."""

    dataset: str
    export_date: date
    reason: str
    partner: str | None
    rejected: int
    accepted: int
    untold: int


def recent(lake: Lake, dataset: str, night: date | None) -> list[Receipt]:
    """Receipts of the last sixty days with rejected rows, or of one night."""
    found = lake.receipts(dataset)
    newest = max((r.export_date for r in found), default=date.min)
    return [
        r
        for r in found
        if r.rows.rejected
        and (night is None or r.export_date == night)
        and (night is not None or newest - r.export_date <= timedelta(days=DAYS))
    ]


def try_again(
    lake: Lake, receipt: Receipt, settings: Settings, reason: str | None = None
) -> list[Tried]:
    """What today's rules say of a night's rejected rows, or of those whose reason holds a text.

    The rules that rejected them are not asked again: a night loaded by today's code yields nothing.
    Call with the dataset's lock held, since a damaged part is made again.
    """
    paths = mended(lambda: lake.part_paths(receipt, "rejected"), lake, settings)
    rows = [row for path in paths for row in pq.read_table(path).to_pylist()]
    rows = [row for row in rows if reason is None or reason in row["reason"]]
    if receipt.code_version == code_version():
        return []
    # A record that is no row, a total or a footer cannot be told without the rows around it.
    told = [row for row in rows if _is_row(row)]
    raw = pd.DataFrame([json.loads(row["raw_row"]) for row in told], dtype="str")
    accepted = _accepted(receipt, raw, settings) if told else set()
    partners = list(raw[PARTNER]) if PARTNER in raw else [None] * len(told)
    of = Counter((row["reason"], _text(p)) for row, p in zip(told, partners, strict=True))
    ok = Counter(
        (row["reason"], _text(p))
        for place, (row, p) in enumerate(zip(told, partners, strict=True))
        if place in accepted
    )
    untold = Counter[tuple[str, str | None]](
        (row["reason"], None) for row in rows if not _is_row(row)
    )
    return [
        Tried(
            receipt.dataset,
            receipt.export_date,
            *group,
            rejected=of[group] + untold[group],
            accepted=ok[group],
            untold=untold[group],
        )
        for group in sorted({*of, *untold}, key=lambda g: (g[0], g[1] or ""))
    ]


def reload(receipt: Receipt, settings: Settings) -> Receipt:
    """Reads a night's delivered bytes again by today's rules and commits it as a revision.

    Returns the receipt that counts; `history.settle` judges it. Raises ExportMissing if the bytes
    are gone, SourceUnreachable if nobody can tell, OutlookError if the night was released for its
    present content or its file now has another number of rows.
    """
    lake = Lake(settings.place)
    dataset, night = receipt.dataset, receipt.export_date
    what, stays = f"{dataset} {night}", "It stays as it was"
    release = lake.release(dataset, night)
    if release and release.get("content") == receipt.content:
        raise OutlookError(
            f"{what} was released for what it holds, and would be held again. {stays}: run "
            f"`outlook run --date {night}`, then release it again."
        )
    with scratch(settings.work, f"retry-{dataset}-{night}") as folder:
        landed = [landed_bytes(source, night, settings) for source in receipt.sources]
        whole = [file for file in landed if file is not None]
        if len(whole) < len(landed):
            raise ExportMissing(
                f"{what}: the delivered bytes are gone from {settings.landing} and from the "
                f"deliveries. {stays}: request the export again, then `outlook run --date {night}`."
            )
        made = Attempt(dataset, night, settings, folder).parts(whole, {})
        if made.rows.in_ != receipt.rows.in_:
            raise OutlookError(
                f"{what}: {made.rows.in_:,} rows are read where {receipt.rows.in_:,} were read "
                f"before. {stays}: look at it with `outlook inspect`, then run `outlook run --date "
                f"{night}`."
            )
        again = replace(
            receipt,
            **{name: getattr(made, name) for name in OF_THE_RULES},
            content=content_of(whole, settings),
        )
        return commit(lake, again, folder / "parts", folder, receipt)


def _is_row(row: dict[str, str | None]) -> bool:
    reason = row["reason"] or ""
    return row["column"] is not None and not reason.endswith((f": {ALONE}", f": {TOTAL}"))


def _accepted(receipt: Receipt, raw: pd.DataFrame, settings: Settings) -> set[int]:
    """Positions of the raw rows that today's rules accept."""
    dataset, night = receipt.dataset, receipt.export_date
    name = (receipt.layout or "").split("+")[0]
    zone = next((x.zone for x in layouts(dataset) if x.name == name), None)
    context = replace(Context(night, settings.market, settings.hashing_key()), zone=zone)
    raw, _ = correct(raw, dataset, name, night)
    checked = check(CLEANERS[dataset](raw, context), raw, dataset)
    return {int(place) for place in np.flatnonzero(checked.is_accepted)}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


@dataclass(frozen=True)
class Retried:
    """What was tried, the nights loaded again (receipt before and after), and what could not be."""

    tried: list[Tried]
    loaded: list[tuple[Receipt, Receipt]]
    problems: list[OutlookError | SourceUnreachable]


def retry(
    settings: Settings,
    datasets: tuple[str, ...],
    night: date | None = None,
    reason: str | None = None,
    dry_run: bool = False,
) -> Retried:
    """Tries the rejected rows of the last sixty days, or of one night, by today's rules, and loads
    every night again of which they accept a row; a dry run loads nothing."""
    lake, found = Lake(settings.place), Retried([], [], [])
    for dataset in datasets:
        with lake.lock(dataset):
            receipts = recent(lake, dataset, night)
            of = [(r, try_again(lake, r, settings, reason)) for r in receipts]
        found.tried.extend(tried for _, rows in of for tried in rows)
        loaded = []
        for receipt, rows in of:
            if not dry_run and any(tried.accepted for tried in rows):
                try:
                    reload(receipt, settings)
                    loaded.append(receipt)
                except (OutlookError, SourceUnreachable) as error:
                    log.warning("%s", error)  # the other nights may be in hand
                    found.problems.append(error)
        if loaded:
            with lake.lock(dataset):
                settle(lake, dataset, settings)
                for old in loaded:
                    if new := lake.receipt(dataset, old.export_date):
                        found.loaded.append((old, new))
    return found
