"""Freezing makes a report year final: later deliveries do not change it.

An edition is final if, and only if, it is frozen. The frozen rows replace those that a build
computes. Freezing an edition again is a revision and needs a reason. `meta.edition` of every
published file gives the status of each edition.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from transforms import engine
from transforms.code import code_version
from transforms.engine import quoted
from transforms.errors import SettingsError
from transforms.lake import Lake
from transforms.lease import final_step
from transforms.settings import Settings
from transforms.storage import put_folder, sha256, write_json
from warehouse import publish, versions
from warehouse.attack.certificate import Certificate, certify, published
from warehouse.editions import revisions, vintages
from warehouse.editions.frozen import Frozen, every, newest, verify
from warehouse.editions.put_in import mark_provisional
from warehouse.editions.revisions import Change, Comparison
from warehouse.models import with_all_they_read
from warehouse.tables.make import (
    MADE_BY,
    attach_lake,
    lake_fingerprint,
    make_tables,
    settled,
)

log = logging.getLogger(__name__)

# A figure whose last nights are missing. Missing days within the year make it partial too, but are
# hardly ever delivered later, so they do not stop a freeze.
UNFINISHED = "(as_of IS NULL OR as_of < period_to)"


def freeze(settings: Settings, edition: str, by: str, reason: str | None = None) -> Frozen:
    """Freezes an edition as today's lake and code make it.

    Freezing the same rows again changes nothing, but a new reason is kept beside them. Raises
    SettingsError for an edition that the lake cannot make, and, without a reason, for an unfinished
    year or a revision; PublishError if the frozen edition is damaged.
    """
    return _freeze_with(settings, [edition], by, reason)[0]


def freeze_each(settings: Settings, editions: list[str], by: str) -> list[Frozen]:
    """Freezes several finished years, of which the lake's tables are made once. A year that is
    frozen already stays as it is. Raises what `freeze` raises; years before the failing one stay
    frozen.
    """
    return _freeze_with(settings, editions, by, None)


def _freeze_with(
    settings: Settings, editions: list[str], by: str, reason: str | None
) -> list[Frozen]:
    with publish.writer_lock(settings.published), computed(settings) as db:
        # One attack for all: it covers every edition, and takes seconds.
        certified = cache(lambda: _certified(db, settings))
        return [_freeze(db, settings, edition, by, reason, certified) for edition in editions]


def _freeze(
    db: duckdb.DuckDBPyConnection,
    settings: Settings,
    edition: str,
    by: str,
    reason: str | None,
    certified: Callable[[], Certificate],
) -> Frozen:
    _known(db, edition)
    old = newest(settings.published, edition)
    if old is None:
        _whole_or_reason(db, edition, reason)
        changes: list[Change] = []
    else:
        found = against(db, old)
        changes = found.changes + (revisions.added(found) if reason else [])
        if not changes:
            if reason and reason not in old.reasons:
                _keep_reason(settings, old, {"by": by, "reason": reason})
            return old
        if not reason:
            raise SettingsError(
                f"{edition} is frozen ({old.folder.name}) and {len(changes):,} cells would "
                f"change, first {revisions.told(changes[0])}. Nothing was done: a revision "
                f"needs a reason. `outlook prove {edition}` lists the changes."
            )
    said = {"by": by, "reason": reason, "disclosure": certified().as_json()}
    one = _write(db, settings, edition, changes, said)
    if old and (hidden := revisions.newly_withheld(changes)):
        log.warning(
            "%s withholds what %s shows, in %s rows: %s. The earlier figures can still be read in "
            "that edition's folder and report: delete both by hand if they must not be public",
            one.folder.name,
            old.folder.name,
            len(hidden),
            ", ".join(hidden[:5]),
        )
    log.info("froze %s as %s", edition, one.folder.name)
    return one


def _certified(db: duckdb.DuckDBPyConnection, settings: Settings) -> Certificate:
    """What the attack finds in all editions and vintages: nothing, or PublishError is raised."""
    return certify(db, {**published(db), "vintage": vintages.told(settings.published)})


def prove(settings: Settings, edition: str) -> tuple[Frozen, Comparison]:
    """Compares a frozen edition with what today's lake and code would make.

    Raises SettingsError if the edition is not frozen, PublishError if it is damaged.
    """
    old = newest(settings.published, edition)
    if old is None:
        raise SettingsError(
            f"{edition} is not frozen, so there is nothing to compare: `outlook report {edition} "
            "--status final` or the DAG `outlook` freezes it."
        )
    with publish.writer_lock(settings.published), computed(settings) as db:
        return old, against(db, old)


def against(db: duckdb.DuckDBPyConnection, old: Frozen) -> Comparison:
    """Compares a frozen edition with the tables in `db`. Raises PublishError if it is damaged."""
    verify(old)
    return revisions.compare(db, old.manifest["edition"], old.folder, set(old.manifest["tables"]))


@contextmanager
def computed(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table that is frozen as today's lake and code would freeze it, in memory; partial
    figures have `p`. Tables that no figure is made of are left out: listings are most of the work.
    """
    lake = Lake(settings.place)
    with settled(lake, settings), engine.in_memory() as db:
        attach_lake(db, lake, settings, _shown(lake, settings))
        db.execute("ATTACH ':memory:' AS outlook")
        db.execute("USE outlook")
        make_tables(db, of=with_all_they_read(revisions.tables()))
        every = [e for (e,) in db.execute("SELECT edition FROM marts.dim_edition").fetchall()]
        for model in revisions.tables():
            mark_provisional(db, model, every)
        yield db


def _shown(lake: Lake, settings: Settings) -> date | None:
    """The night that a build would show; the newest of any dataset if it would show none."""
    return versions.night_to_show(settings.published, lake, incomplete=False) or (
        versions.night_to_show(settings.published, lake, incomplete=True)
    )


def _write(
    db: duckdb.DuckDBPyConnection,
    settings: Settings,
    edition: str,
    changes: list[Change],
    said: dict[str, Any],
) -> Frozen:
    """Writes the edition's rows and manifest as its next revision; `said` gives who, why, and what
    the disclosure attack found."""
    earlier = [f for f in every(settings.published) if f.manifest["edition"] == edition]
    number = earlier[-1].manifest["revision"] + 1 if earlier else 1
    # Figures that an earlier revision changed stay marked as revised.
    before = [Change(**c) for f in earlier for c in f.manifest["changes"]]
    with publish.new_version(settings.published) as building:
        files = {}
        for model in revisions.tables():
            if model.schema == "report":
                revisions.mark(db, model, before + changes, edition)
            path = building / f"{model.name}.parquet"
            db.execute(
                f"COPY (SELECT * FROM {model.table} WHERE edition = {quoted(edition)} "
                f"ORDER BY rowid) TO {quoted(path)} (FORMAT parquet)"  # as the page shows them
            )
            files[model.name] = {"sha256": sha256(path), "rows": _count(db, path)}
        manifest = {
            "edition": edition,
            "revision": number,
            "frozen_at": datetime.now(UTC).isoformat(timespec="seconds"),
            **said,
            **_made_of(db, settings, edition),
            "tables": files,
            "changes": [vars(c) for c in changes],
        }
        write_json(building / "manifest.json", manifest)
        target = settings.published / "editions" / f"{edition}.r{number}"
        locks = (publish.lock(settings.published), *Lake(settings.place).locks())
        # Discarded with the folder it is built in, should there be a damaged one of that name.
        put_folder(building, target, building.parent, final_step(*locks))
    return Frozen(target, manifest, is_new=True)


def _keep_reason(settings: Settings, old: Frozen, said: dict[str, str | None]) -> None:
    """Writes a reason given for a frozen edition of which nothing changes."""
    path = old.folder / f"reason-{len(old.given) + 1:03}.json"
    with final_step(publish.lock(settings.published)):
        write_json(path, {**said, "at": datetime.now(UTC).isoformat(timespec="seconds")})
    log.info("nothing of %s changes; the reason is kept in %s", old.folder.name, path)


def _known(db: duckdb.DuckDBPyConnection, edition: str) -> None:
    names = [e for (e,) in db.execute("SELECT edition FROM marts.dim_edition").fetchall()]
    if edition not in names:
        raise SettingsError(f"the lake has no edition {edition}, only {', '.join(names)}")


def _whole_or_reason(db: duckdb.DuckDBPyConnection, edition: str, reason: str | None) -> None:
    found = db.execute(
        f"SELECT max(as_of), bool_or({UNFINISHED}) FROM report.headline WHERE edition = ?",
        [edition],
    ).fetchone()
    data_to, is_unfinished = found or (None, True)
    if is_unfinished and not reason:
        raise SettingsError(
            f"{edition} is not finished: its data go to {data_to}, and some figures may be as of "
            "an earlier night. Nothing was frozen. Load the last nights of the year. If they will "
            "never be delivered, give a reason; it is published with the edition."
        )


def _made_of(db: duckdb.DuckDBPyConnection, settings: Settings, edition: str) -> dict[str, Any]:
    nights = db.execute(
        "SELECT night.dataset, night.export_date, night.status FROM staging.stg_night AS night "
        "JOIN marts.dim_edition AS of ON night.export_date BETWEEN of.period_from AND of.period_to "
        "WHERE of.edition = ? ORDER BY ALL",
        [edition],
    ).fetchall()
    lake = Lake(settings.place)
    return {
        "code_version": code_version(*MADE_BY),
        "lake_fingerprint": lake_fingerprint(lake, settings, _shown(lake, settings)),
        "nights": [{"dataset": d, "export_date": f"{n}", "status": s} for d, n, s in nights],
    }


def _count(db: duckdb.DuckDBPyConnection, path: Path) -> int:
    found = db.execute(f"SELECT count(*) FROM read_parquet({quoted(path)})").fetchone()
    return int(found[0]) if found else 0
