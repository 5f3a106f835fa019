"""History: what each night changed and the state it left, in steps called folds.

`settle` goes through the nights of a dataset in order of export date, judges each by the gates and
folds in those that count. A fold is made from the previous fold and its night, and is named by the
hash of both. A late or repeated night therefore takes its place, all later folds are made again,
and the result does not depend on the order of arrival.
"""

import logging
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from transforms.code import code_version
from transforms.contracts import contract
from transforms.deliveries import exports
from transforms.engine import listed, quoted
from transforms.errors import Damaged
from transforms.lake import across_rows, gates
from transforms.lake.gates import GoodNight
from transforms.lake.lake import Lake
from transforms.lake.receipt import UNREAD, Receipt
from transforms.lease import scratch
from transforms.settings import Settings
from transforms.storage import (
    discard,
    put_folder,
    read_json,
    sha256,
    sha256_of,
    write_json,
)

log = logging.getLogger(__name__)

KEPT_STATES = 7  # besides the last of each month: how far back a late night is cheap
ACCOUNT = "fold.json"
STATE = {"sellers": "ledger", "listings": "ledger", "inquiries": "state"}


@dataclass(frozen=True)
class Link:
    """A usable night in the chain of folds."""

    receipt: Receipt
    night: date
    name: str  # hash of everything folded up to here


def settle(lake: Lake, dataset: str, settings: Settings) -> None:
    """Judges every night and updates the folds. Call with the dataset's lock held."""
    chain = _judged_chain(lake, dataset, settings)
    last = len(chain) - 1
    stale = next(
        (i for i, k in enumerate(chain) if not _is_folded(lake, dataset, k, i == last)), None
    )
    if stale is not None:
        _fold_from(lake, dataset, chain, stale, settings)
    _prune(lake, dataset, chain, settings)


def state_after(lake: Lake, dataset: str, night: date, settings: Settings) -> None:
    """Makes the state after that night again if it was pruned, for a version that shows no later
    night. Call after `settle`, with the dataset's lock held."""
    chain = [k for k in _judged_chain(lake, dataset, settings) if k.night <= night]
    if chain and not _has_state(lake, dataset, chain[-1].night):
        _fold_from(lake, dataset, chain, len(chain) - 1, settings)


def folded_nights(lake: Lake, dataset: str) -> list[tuple[date, Path, dict[str, Any]]]:
    """Folder and account of every fold that counts, oldest night first.

    `settle` has checked their files against the hashes in the accounts.
    """
    usable = [r.export_date for r in lake.receipts(dataset) if r.is_usable]
    found = []
    for night in usable:
        folder = lake.history(dataset, night)
        account = _account(folder)
        if account:
            del account["files"]  # the same rows may be other bytes
            found.append((night, folder, account))
    return found


def faults(lake: Lake, dataset: str) -> list[str]:
    """Faults of the folds, for `outlook doctor`; the next build repairs them."""
    found = []
    for folder in sorted((lake.root / "history" / dataset).glob("????-??-??")):
        account = _account(folder)
        if account is None:
            found.append(f"{folder / ACCOUNT} is damaged or gone")
        else:
            whole = folder / ACCOUNT
            found += [f"{x}, as {whole} has it" for x in _damage(lake, folder, account["files"])]
    return found


def _judged_chain(lake: Lake, dataset: str, settings: Settings) -> list[Link]:
    chain: list[Link] = []
    good: list[GoodNight] = []
    brought: dict[str, date] = {}
    name = sha256_of(code_version())
    receipts = lake.receipts(dataset)
    for receipt in receipts:
        night = receipt.export_date
        if receipt.status in UNREAD:
            continue
        days = exports.days_covered(settings.beside, night)
        verdict = gates.judge(receipt, good, days, lake.release(dataset, night), brought)
        receipt = _with_verdict(lake, receipt, verdict)
        if not receipt.is_usable:
            continue
        for content in gates.contents(receipt):
            brought.setdefault(content, night)
        if receipt.is_good:
            accepted = receipt.rows.kept
            good.append(GoodNight(night, accepted, accepted / max(days, 1)))
        name = sha256_of(f"{name} {receipt.content} {receipt.extent} {receipt.status}")
        chain.append(Link(receipt, night, name))
    return chain


def _with_verdict(lake: Lake, receipt: Receipt, verdict: gates.Verdict) -> Receipt:
    own = [w for w in receipt.warnings if w.code not in gates.CODES]
    judged = replace(
        receipt,
        status=verdict.status,
        reason=verdict.reason,
        warnings=(*own, *verdict.warnings),
    )
    if judged != receipt:
        lake.write_receipt(judged)
        if verdict.status == "held":
            # Whoever ran the night says what to do.
            what = "%s %s held by a gate: %s"
            log.warning(what, receipt.dataset, receipt.export_date, verdict.reason)
    return judged


def _is_folded(lake: Lake, dataset: str, link: Link, is_last: bool) -> bool:
    """Whether the night's fold exists, is made from the right input, and is undamaged.

    Only the next fold reads the state of an earlier night, and it checks that itself.
    """
    folder = lake.history(dataset, link.night)
    account = _account(folder)
    if account is None or account["name"] != link.name:
        return False
    state = _state(lake, dataset, link.night).name
    read = {n: h for n, h in account["files"].items() if n != state or is_last}
    found = _damage(lake, folder, read, is_state_needed=is_last)
    for fault in found:
        log.warning("%s. The fold is made again.", fault)
    return not found


def _damage(
    lake: Lake, folder: Path, files: dict[str, str], is_state_needed: bool = False
) -> list[str]:
    """Files of a fold that have changed since they were written; a state may have been pruned."""
    states = {f"{name}.parquet" for name in STATE.values()}
    return [
        fault
        for name, digest in files.items()
        if (is_state_needed or name not in states or (folder / name).exists())
        and (fault := lake.fault(folder / name, digest))
    ]


def _has_state(lake: Lake, dataset: str, night: date) -> bool:
    path = _state(lake, dataset, night)
    account = _account(path.parent)
    return account is not None and lake.fault(path, account["files"].get(path.name, "")) is None


def _fold_from(lake: Lake, dataset: str, chain: list[Link], stale: int, settings: Settings) -> None:
    """Makes folds from the first stale night on, starting at the last state that is still kept."""
    start = stale
    while start and not _has_state(lake, dataset, chain[start - 1].night):
        start -= 1
    for index in range(start, len(chain)):
        before = chain[index - 1] if index else None
        with scratch(settings.work, f"fold-{dataset}") as folder:
            out = folder / "fold"
            out.mkdir()
            with across_rows.connect(folder) as db:
                counts = _Fold(db, lake, dataset, chain[index], before, out).made()
            files = {path.name: sha256(path) for path in out.iterdir()}
            account = {"name": chain[index].name, "changes": counts, "files": files}
            write_json(out / ACCOUNT, account)
            target = lake.history(dataset, chain[index].night)
            put_folder(out, target, folder, lake.final_step(dataset))


@dataclass(frozen=True)
class _Fold:
    """Folds one night into the history before it; writes its files into `out`."""

    db: duckdb.DuckDBPyConnection
    lake: Lake
    dataset: str
    link: Link
    before: Link | None
    out: Path

    def made(self) -> dict[str, int]:
        """Writes the fold's files; returns the number of keys by kind of change."""
        receipt = self.link.receipt
        is_census = receipt.extent == "census" and receipt.status == "ok"
        self.db.execute(
            f"CREATE VIEW night AS SELECT DATE '{self.link.night}' AS export_date, "
            f"{is_census} AS is_census"
        )
        return self._of_inquiries() if self.dataset == "inquiries" else self._of_keys()

    def _of_keys(self) -> dict[str, int]:
        """Sellers and listings: the presence of every key ever seen, and the changed rows."""
        terms = contract(self.dataset)
        attributes = [c.name for c in terms.columns if c.part == "rows"]
        rows = f"read_parquet({listed(self.lake.part_paths(self.link.receipt, 'rows'))})"
        self._compare(rows, attributes)
        columns, key, on = ", ".join(attributes), terms.key[0], f"DATE '{self.link.night}'"
        self.db.execute(
            f"CREATE VIEW changes AS SELECT fold.change, {on} AS changed_on, {columns} "
            f"FROM {rows} AS r JOIN fold ON fold.row_key = r.{key} "
            "WHERE fold.change IN ('new', 'changed', 'returned') "
            f"UNION ALL SELECT fold.change, {on}, {columns} "
            f"FROM before_full AS r JOIN fold ON fold.row_key = r.{key} WHERE fold.change = 'gone'"
        )
        self._write("FROM changes", "changes")
        self._write("SELECT row_key, first_seen_on, last_seen_on, is_present FROM fold", "ledger")
        if self.dataset == "listings":
            self._write(across_rows.sql("listings_new"), "new")
        counted = self.db.execute(
            "SELECT change, count(*) FROM fold WHERE change IS NOT NULL "
            "GROUP BY change ORDER BY change"
        ).fetchall()
        return dict(counted)

    def _compare(self, rows: str, attributes: list[str]) -> None:
        """Makes the table `fold`: what the night says about every key ever seen."""
        key = contract(self.dataset).key[0]
        hashed = ", ".join(a for a in attributes if a != "snapshot_date")
        if self.before:
            ledger = _state(self.lake, self.dataset, self.before.night)
            self.db.execute(f"CREATE VIEW ledger_before AS FROM read_parquet({quoted(ledger)})")
        else:
            self.db.execute(
                "CREATE TABLE ledger_before (row_key VARCHAR, first_seen_on DATE, "
                "last_seen_on DATE, is_present BOOLEAN)"
            )
        # A sample only adds keys: it holds fewer columns and must not blank out known rows.
        unknown = "WHERE row_key NOT IN (SELECT row_key FROM ledger_before WHERE is_present)"
        self.db.execute(
            f"CREATE VIEW night_rows AS SELECT * FROM (SELECT {key} AS row_key, hash({hashed}) "
            f"AS row_hash FROM {rows}) "
            f"{unknown if self.link.receipt.extent == 'sample' else ''}"
        )
        self.db.execute(f"CREATE VIEW before_full AS {self._rows_of_present(attributes)}")
        self.db.execute(
            f"CREATE VIEW rows_before AS SELECT {key} AS row_key, hash({hashed}) AS row_hash "
            "FROM before_full"
        )
        self.db.execute(f"CREATE TABLE fold AS {across_rows.sql('fold')}")

    def _rows_of_present(self, attributes: list[str]) -> str:
        """Query of the rows present before the night, each from the night that last showed it: one
        night after a census, a few after a partial night."""
        terms = contract(self.dataset)
        columns = ", ".join(f"r.{a}" for a in attributes)
        nights = self.db.execute(
            "SELECT DISTINCT last_seen_on FROM ledger_before WHERE is_present ORDER BY 1"
        ).fetchall()
        queries = []
        for (night,) in nights:
            receipt = self.lake.receipt(self.dataset, night)
            assert receipt is not None
            paths = listed(self.lake.part_paths(receipt, "rows"))
            queries.append(
                f"SELECT {columns} FROM read_parquet({paths}) AS r "
                f"JOIN ledger_before AS l ON l.row_key = r.{terms.key[0]} "
                f"WHERE l.is_present AND l.last_seen_on = DATE '{night}'"
            )
        if not queries:
            empty = ", ".join(
                f"NULL::{_sql_type(terms.by_name[a].type)} AS {a}" for a in attributes
            )
            return f"SELECT {empty} WHERE false"
        return " UNION ALL ".join(queries)

    def _of_inquiries(self) -> dict[str, int]:
        """The latest state of each inquiry, and how many are new."""
        rows = listed(self.lake.part_paths(self.link.receipt, "rows"))
        self.db.execute(
            "CREATE VIEW night_rows AS SELECT * EXCLUDE (_source_file, _source_row) "
            f"FROM read_parquet({rows})"
        )
        if self.before:
            state = _state(self.lake, "inquiries", self.before.night)
            self.db.execute(f"CREATE VIEW state_before AS FROM read_parquet({quoted(state)})")
        else:
            self.db.execute(
                "CREATE TABLE state_before AS SELECT *, NULL::DATE AS first_seen_on, "
                "NULL::DATE AS last_seen_on FROM night_rows WHERE false"
            )
        self._write(across_rows.sql("inquiries_state"), "state")
        new = self.db.execute(
            "SELECT count(*) FROM night_rows "
            "WHERE inquiry_id NOT IN (SELECT inquiry_id FROM state_before)"
        ).fetchone()
        return {"new": int(new[0]) if new else 0}

    def _write(self, query: str, name: str) -> None:
        path = quoted(self.out / f"{name}.parquet")
        # The lowest level takes a third less time, and files of keys and dates are no larger.
        self.db.execute(
            f"COPY ({query}) TO {path} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        )


def _state(lake: Lake, dataset: str, night: date) -> Path:
    return lake.history(dataset, night) / f"{STATE[dataset]}.parquet"


def _account(folder: Path) -> dict[str, Any] | None:
    """A fold's input and the hashes of its files; None if the fold must be made again."""
    try:
        account = read_json(folder / ACCOUNT, "the fold is made again")
    except Damaged as error:
        log.warning("%s", error)
        return None
    # Older folds have no hashes.
    kinds = {"name": str, "changes": dict, "files": dict}
    is_one = account and all(isinstance(account.get(k), kind) for k, kind in kinds.items())
    # Every fold has files, so an account without any is not valid.
    return account if is_one and account and account["files"] else None


def _sql_type(contract_type: str) -> str:
    return {
        "string": "VARCHAR",
        "boolean": "BOOLEAN",
        "int16": "SMALLINT",
        "int32": "INTEGER",
        "int64": "BIGINT",
        "double": "DOUBLE",
        "decimal": "DECIMAL(18,4)",
        "date": "DATE",
        "instant": "TIMESTAMPTZ",
        "list<string>": "VARCHAR[]",
        "list<tier>": "STRUCT(min_qty DECIMAL(18,4), price DECIMAL(18,4))[]",
        "map<string,double>": "MAP(VARCHAR, DOUBLE)",
    }[contract_type]


def unneeded(lake: Lake, dataset: str, nights: list[date]) -> list[Path]:
    """Folds of nights other than these, and states that are neither recent nor of the last night of
    a month nor of the night that a build shows. Changes are kept for ever, so states can be made
    again."""
    last_of_month = {(n.year, n.month): n for n in nights}
    shown = next((n for n in reversed(nights) if _is_complete(lake, n)), None)
    kept = {*nights[-KEPT_STATES:], *last_of_month.values(), shown}
    states = [_state(lake, dataset, night) for night in nights if night not in kept]
    named = {f"{n}" for n in nights}
    folders = (lake.root / "history" / dataset).glob("*")
    return [p for p in states if p.exists()] + [p for p in folders if p.name not in named]


def _prune(lake: Lake, dataset: str, chain: list[Link], settings: Settings) -> None:
    gone = unneeded(lake, dataset, [link.night for link in chain])
    with lake.final_step(dataset):
        for path in gone:
            path.unlink(missing_ok=True) if path.is_file() else discard(path, settings.work)


def _is_complete(lake: Lake, night: date) -> bool:
    try:
        return lake.is_complete(night)
    except Damaged:  # a receipt of another dataset: its own run tells
        return False
