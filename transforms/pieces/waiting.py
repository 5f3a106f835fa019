"""The rows of a piece while they wait for what only the whole night decides: typed rows, and the
rejected ones as text, in Arrow; and what the night must know of each accepted row in Parquet."""

import os
from collections import Counter, defaultdict
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import engine
from transforms.check import Checked
from transforms.contracts import LINEAGE, Contract
from transforms.lake import across_rows
from transforms.pieces.parts import REJECTED, finished, parquet_writer
from transforms.storage import private

ROWS_AS_ARROW = pa.ipc.IpcWriteOptions(compression="lz4")
# Columns from which a night's totals are made, beside its key.
OF_THE_DAY = {
    "listings": (
        "snapshot_date",
        "seller_id",
        "top_category_id",
        "status",
        "is_listed",
        "impressions",
        "clicks",
        "visitors",
        "inquiries",
        "orders",
    ),
    "sellers": (),
    "inquiries": (),
}


def staged_path(folder: Path, number: int) -> Path:
    """The file of what the whole night must know of a piece's accepted rows."""
    return folder / f"staged-{number:04}.parquet"


def rows_path(folder: Path, number: int) -> Path:
    """The file of a piece's typed rows."""
    return folder / f"rows-{number:04}.arrow"


def rejected_path(folder: Path, number: int) -> Path:
    """The file of a piece's rejected rows, as text."""
    return folder / f"rejected-{number:04}.arrow"


class Waiting:
    """Writes the rows of a piece.

    Of accepted rows, `flags` are the values seen in each flag, and `hashes` is the sum of their
    hashes, without columns that depend on the night.
    """

    def __init__(self, folder: Path, number: int, file: str, terms: Contract) -> None:
        self._folder, self._number, self._file, self._terms = folder, number, file, terms
        self._schema = pa.schema([*terms.schema(), *LINEAGE, ("_is_accepted", pa.bool_())])
        self._hashed = [c.name for c in terms.columns if c.name not in terms.of_night]
        self._stack = ExitStack()
        self.accepted = 0
        self.hashes = 0
        self.reasons: Counter[str] = Counter()
        self.flags: dict[str, set[bool]] = defaultdict(set)

    def __enter__(self) -> "Waiting":
        enter, number = self._stack.enter_context, self._number
        # The files get their names once they are whole: a task that was given up for lost may
        # still write beside the one that took its place.
        rows = enter(finished(rows_path(self._folder, number)))
        rejected = enter(finished(rejected_path(self._folder, number)))
        private(rejected).close()  # it will hold text as delivered, with personal data
        self._rows = enter(pa.ipc.new_stream(rows, self._schema, options=ROWS_AS_ARROW))
        self._rejected = enter(pa.ipc.new_stream(rejected, REJECTED))
        staged = staged_path(self._folder, number)
        known = _staged_schema(self._schema, self._terms)
        self._staged = enter(parquet_writer(staged, known, self._terms.key))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def add(self, checked: Checked, lines: np.ndarray) -> None:
        """Takes a checked batch; `lines` are the line numbers of its rows in the file."""
        table, is_accepted = checked.rows, pa.array(checked.is_accepted)
        file = pa.DictionaryArray.from_arrays(np.zeros(len(table), dtype=np.int32), [self._file])
        line = pa.array(lines, pa.int32())
        whole = pa.table([*table.columns, file, line, is_accepted], self._schema)
        self._rows.write_table(whole)
        known = whole.append_column("_filled", _filled(table)).select(self._staged.schema.names)
        self._staged.write_table(known.filter(is_accepted))
        self.accepted += int(checked.is_accepted.sum())
        self.hashes += _hash_sum(whole.select([*self._hashed, "_is_accepted"]))
        flags = table.select([c.name for c in self._terms.columns if c.flag]).filter(is_accepted)
        for flag in flags.column_names:
            self.flags[flag].update(pc.unique(flags[flag]).drop_null().to_pylist())
        self._reject(
            checked.rejected.assign(
                source_file=self._file, source_row=lines[checked.rejected["row"]]
            )
        )

    def reject(self, broken: list[tuple[int, str, str]]) -> None:
        """Rejects records that are not rows of the file's table: line, reason, text."""
        frame = pd.DataFrame(broken, columns=["source_row", "reason", "raw_row"])
        self._reject(frame.assign(source_file=self._file, column=None, raw_value=None))

    def _reject(self, rejected: pd.DataFrame) -> None:
        if len(rejected):
            self.reasons.update(rejected["reason"])
            frame = rejected[REJECTED.names]
            self._rejected.write_table(
                pa.Table.from_pandas(frame, schema=REJECTED, preserve_index=False)
            )


def _filled(table: pa.Table) -> pa.Array:
    """How many columns each row fills."""
    filled = np.zeros(len(table), dtype=np.int16)
    for column in table.columns:
        if column.null_count:
            filled += column.is_valid().to_numpy()
        else:
            filled += 1
    return pa.array(filled)


def _staged_schema(schema: pa.Schema, terms: Contract) -> pa.Schema:
    """What the whole night must know of each accepted row."""
    names = dict.fromkeys([*terms.key, *OF_THE_DAY[terms.dataset], *LINEAGE.names])
    return pa.schema([*(schema.field(name) for name in names), pa.field("_filled", pa.int16())])


def _hash_sum(table: pa.Table) -> int:
    """The sum of the hashes of the accepted rows."""
    *hashed, _ = table.column_names
    with _database(os.getpid()).cursor() as db:
        db.register("typed", table)
        row = f"hash({', '.join(hashed)})::HUGEINT"
        (found,) = db.execute(f"SELECT sum({row}) FROM typed WHERE _is_accepted").fetchall()
        return int(found[0] or 0)


@cache
def _database(process: int) -> duckdb.DuckDBPyConnection:
    """The database of a process, and not of one that it was forked from, for as long as it runs:
    to open one takes longer than to make a small piece. A sum needs no place to spill."""
    return engine.in_memory(memory=across_rows.MEMORY)
