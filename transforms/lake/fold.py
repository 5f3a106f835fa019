"""One fold: a night merged into the history before it.

This module and the SQL that it names decide what a fold holds, and with the columns of the contract
they name it: `rules`. Whatever else changes, the history stays.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path, PurePosixPath

import duckdb

from transforms.code import rules_of
from transforms.contracts import contract
from transforms.engine import listed, quoted
from transforms.lake import across_rows
from transforms.lake.lake import Lake
from transforms.lake.receipt import Receipt
from transforms.storage import sha256_of

STATE = {"sellers": "ledger", "listings": "ledger", "inquiries": "state"}
# What the history tells of a row, if not all of it; other changes are only counted. Sellers are
# few, and tables are made of all their states; a listing's stand in the parts of the nights.
TOLD = {"listings": ("product_id", "seller_id", "top_category_id")}
QUERIES = {
    "sellers": ("fold",),
    "listings": ("fold", "listings_new"),
    "inquiries": ("inquiries_state",),
}


@cache
def rules(dataset: str) -> str:
    """Hash of the rules by which a dataset's nights are folded: the code of this module, its
    queries, and the columns, types and key that it reads."""
    terms = contract(dataset)
    columns = [(c.name, c.type) for c in terms.columns if c.part == "rows"]
    files = [across_rows.path(name) for name in QUERIES[dataset]]
    code = rules_of([(path.name, path) for path in (Path(__file__), *files)])
    return sha256_of(repr([dataset, terms.key, columns, code]))


@dataclass(frozen=True)
class Link:
    """A usable night in the chain of folds."""

    receipt: Receipt
    night: date
    name: str  # hash of everything folded up to here


@dataclass(frozen=True)
class Fold:
    """Folds one night into the history before it; writes its files into `out`."""

    db: duckdb.DuckDBPyConnection
    lake: Lake
    dataset: str
    link: Link
    before: Path | None  # the state of the night before
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
        columns = ", ".join(TOLD.get(self.dataset, attributes))
        key, on = terms.key[0], f"DATE '{self.link.night}'"
        self.db.execute(
            f"CREATE VIEW changed AS SELECT fold.change, {on} AS changed_on, {columns} "
            f"FROM {rows} AS r JOIN fold ON fold.row_key = r.{key} "
            "WHERE fold.change IN ('new', 'changed', 'returned') AND fold.is_told "
            f"UNION ALL SELECT fold.change, {on}, {columns} "
            f"FROM before_full AS r JOIN fold ON fold.row_key = r.{key} WHERE fold.change = 'gone'"
        )
        self._write("FROM changed", "changes")
        self._write("SELECT row_key, first_seen_on, last_seen_on, is_present FROM fold", "ledger")
        if self.dataset == "listings":
            # What was written is read: to work out the changes once more takes longer.
            written = quoted(self.out / "changes.parquet")
            self.db.execute(f"CREATE VIEW changes AS FROM read_parquet({written})")
            self._write(across_rows.sql("listings_new"), "new")
        counted = self.db.execute(
            "SELECT change, count(*) FROM fold WHERE change IS NOT NULL "
            "GROUP BY change ORDER BY change"
        ).fetchall()
        return dict(counted)

    def _compare(self, rows: str, attributes: list[str]) -> None:
        """Makes the table `fold`: what the night says about every key ever seen."""
        key = contract(self.dataset).key[0]
        said = [a for a in attributes if a != "snapshot_date"]
        hashed = (
            f"{key} AS row_key, hash({', '.join(said)}) AS row_hash, "
            f"hash({', '.join(TOLD.get(self.dataset, said))}) AS told_hash"
        )
        if self.before:
            ledger = quoted(self.before)
            self.db.execute(f"CREATE VIEW ledger_before AS FROM read_parquet({ledger})")
        else:
            self.db.execute(
                "CREATE TABLE ledger_before (row_key VARCHAR, first_seen_on DATE, "
                "last_seen_on DATE, is_present BOOLEAN)"
            )
        # A sample only adds keys: it holds fewer columns and must not blank out known rows.
        unknown = "WHERE row_key NOT IN (SELECT row_key FROM ledger_before WHERE is_present)"
        self.db.execute(
            f"CREATE VIEW night_rows AS SELECT * FROM (SELECT {hashed} FROM {rows}) "
            f"{unknown if self.link.receipt.extent == 'sample' else ''}"
        )
        self.db.execute(f"CREATE VIEW before_full AS {self._rows_of_present(attributes)}")
        self.db.execute(f"CREATE VIEW rows_before AS SELECT {hashed} FROM before_full")
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
            state = quoted(self.before)
            self.db.execute(f"CREATE VIEW state_before AS FROM read_parquet({state})")
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


def state_of(lake: Lake, dataset: str, night: date) -> PurePosixPath:
    return lake.history(dataset, night) / f"{STATE[dataset]}.parquet"


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
