"""The files of a piece: its parts, its rejected rows, and what the whole night must know of it."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import engine
from transforms.check import Checked
from transforms.contracts import LINEAGE, Contract
from transforms.lake import across_rows
from transforms.lake.receipt import Part
from transforms.storage import private, sha256, unfinished

REJECTED = pa.schema(
    [
        ("source_file", pa.string()),
        ("source_row", pa.int32()),
        ("column", pa.string()),
        ("reason", pa.string()),
        ("raw_value", pa.string()),
        ("raw_row", pa.string()),
    ]
)
ROW_GROUP = 120_000
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


def file_name(part: str, number: int | None = None) -> str:
    """Name of a part's file; without a number if it is the only one of its kind."""
    return f"{part}.parquet" if number is None else f"{part}-{number:04}.parquet"


def staged_path(folder: Path, number: int) -> Path:
    """The file of what the whole night must know of a piece's accepted rows."""
    return folder / file_name("staged", number)


class Parts:
    """Writes the accepted rows of a piece, in row groups, and its rejected rows.

    `flags` are the values seen in each flag; `hashes` is the sum of the hashes of all rows,
    without columns that depend on the night.
    """

    def __init__(self, folder: Path, number: int, file: str, terms: Contract) -> None:
        self._folder, self._number, self._file, self._terms = folder, number, file, terms
        self._schema = pa.schema([*terms.schema(), *LINEAGE, pa.field("_filled", pa.int16())])
        self._waiting: list[pa.Table] = []
        self._rejected: list[pa.Table] = []
        self._stack = ExitStack()
        self.accepted = 0
        self.hashes = 0
        self.reasons: Counter[str] = Counter()
        self.flags: dict[str, set[bool]] = defaultdict(set)

    def __enter__(self) -> "Parts":
        columns = columns_of(self._terms)
        self._writers = {
            path: (self._stack.enter_context(_writer(path, self._schema, names, codec)), names)
            for path, names, codec in [
                *((self._path(part), names, "zstd") for part, names in columns.items()),
                (staged_path(self._folder, self._number), staged_columns(self._terms), "lz4"),
            ]
        }
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def add(self, checked: Checked, lines: np.ndarray) -> None:
        """Takes a checked batch; `lines` are the line numbers of its rows in the file."""
        schema = self._terms.schema()
        table = pa.Table.from_pandas(checked.accepted, schema=schema, preserve_index=False)
        filled = pa.array([0] * len(table), pa.int16())
        for column in table.columns:
            filled = pc.add(filled, pc.is_valid(column.combine_chunks()).cast(pa.int16()))
        names = pa.DictionaryArray.from_arrays(pa.array([0] * len(table), pa.int32()), [self._file])
        rows = pa.array(lines[checked.positions], pa.int32())
        arrays = [*table.columns, names, rows, filled]
        self._waiting.append(pa.table(arrays, schema=self._schema))
        self.accepted += len(table)
        for flag in (c.name for c in self._terms.columns if c.flag):
            self.flags[flag].update(pc.unique(table[flag]).drop_null().to_pylist())
        self._keep_rejected(
            checked.rejected.assign(
                source_file=self._file, source_row=lines[checked.rejected["row"]]
            )
        )
        while sum(map(len, self._waiting)) >= ROW_GROUP:
            self._write(ROW_GROUP)

    def reject(self, broken: list[tuple[int, str, str]]) -> None:
        """Rejects records that are not rows of the file's table: line, reason, text."""
        frame = pd.DataFrame(broken, columns=["source_row", "reason", "raw_row"])
        self._keep_rejected(frame.assign(source_file=self._file, column=None, raw_value=None))

    def finish(self) -> tuple[Part, ...]:
        """The parts that were written, by their names in the folder."""
        self._write(ROW_GROUP)
        self._stack.close()  # the files have their names now
        written = [(part, self._path(part)) for part in self._terms.parts]
        if self._rejected:
            path = self._path("rejected")
            with _writer(path, REJECTED, REJECTED.names, "zstd") as writer:
                writer.write_table(pa.concat_tables(self._rejected))
            written.append(("rejected", path))
        return tuple(part_of(kind, path) for kind, path in written)

    def _write(self, most: int) -> None:
        """Writes a row group of what waits."""
        if not any(map(len, self._waiting)):
            return
        whole = pa.concat_tables(self._waiting)
        table, rest = whole.slice(0, most).combine_chunks(), whole.slice(most)
        self._waiting = [rest] if len(rest) else []
        columns = [c.name for c in self._terms.columns if c.name not in self._terms.of_night]
        self.hashes += _hash_sum(table.select(columns))
        for writer, names in self._writers.values():
            writer.write_table(table.select(names))

    def _keep_rejected(self, rejected: pd.DataFrame) -> None:
        if len(rejected):
            self.reasons.update(rejected["reason"])
            self._rejected.append(
                pa.Table.from_pandas(
                    rejected[REJECTED.names], schema=REJECTED, preserve_index=False
                )
            )

    def _path(self, part: str) -> Path:
        return self._folder / file_name(part, self._number)


def _hash_sum(table: pa.Table) -> int:
    """The sum of the hashes of the rows."""
    with _database(os.getpid()).cursor() as db:
        db.register("accepted", table)
        hashed = f"hash({', '.join(table.column_names)})"
        (found,) = db.execute(f"SELECT sum({hashed}::HUGEINT) FROM accepted").fetchall()
        return int(found[0])


@cache
def _database(process: int) -> duckdb.DuckDBPyConnection:
    """The database of a process, and not of one that it was forked from, for as long as it runs:
    to open one takes longer than to make a small piece. A sum needs no place to spill."""
    return engine.in_memory(memory=across_rows.MEMORY)


def columns_of(terms: Contract) -> dict[str, list[str]]:
    """The columns of each part: the key is in all of them, the lineage in the rows."""
    own = {part: [c.name for c in terms.columns if c.part == part] for part in terms.parts}
    return {
        part: [*names, *LINEAGE.names] if part == "rows" else [*terms.key, *names]
        for part, names in own.items()
    }


def staged_columns(terms: Contract) -> list[str]:
    """What the whole night must know of each accepted row."""
    names = [*terms.key, *OF_THE_DAY[terms.dataset], *LINEAGE.names, "_filled"]
    return list(dict.fromkeys(names))


@dataclass(frozen=True)
class Again:
    """What to write again: files of one kind into one file, without the rows at some positions of
    each, and with some flags null."""

    part: str
    sources: Sequence[tuple[Path, np.ndarray, Sequence[str]]]
    target: Path


def write_again(job: Again) -> Part:
    """Writes the files of a part again, each row group as one, or several files as one row group,
    and returns the part. The files stay, for a task that is lost is tried again."""
    schema = pq.read_schema(job.sources[0][0])
    with _writer(job.target, schema, schema.names, "zstd") as writer:
        groups = chain.from_iterable(_kept(*source) for source in job.sources)
        for table in groups if len(job.sources) == 1 else [pa.concat_tables(groups)]:
            writer.write_table(table.combine_chunks())
    return part_of(job.part, job.target)


def _kept(path: Path, dropped: np.ndarray, nulled: Sequence[str]) -> Iterator[pa.Table]:
    """The row groups of a file without the rows at those positions, with those flags null."""
    done = 0
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            kept = np.ones(len(table), dtype=bool)
            kept[dropped[(dropped >= done) & (dropped < done + len(table))] - done] = False
            done += len(table)
            for flag in nulled:
                nulls = pa.nulls(len(table), pa.bool_())
                table = table.set_column(table.schema.get_field_index(flag), flag, nulls)
            yield table.filter(pa.array(kept))


def part_of(kind: str, path: Path) -> Part:
    """The receipt's account of a part that was written."""
    return Part(kind, path.name, pq.read_metadata(path).num_rows, sha256(path))


@contextmanager
def _writer(
    path: Path, schema: pa.Schema, names: list[str], codec: str
) -> Iterator[pq.ParquetWriter]:
    """A writer of a file that gets its name once it is whole: a task that was given up for lost
    may still write beside the one that took its place."""
    part = unfinished(path)
    if schema == REJECTED:
        private(part).close()  # it will hold text as delivered, with personal data
    writer = pq.ParquetWriter(part, pa.schema([schema.field(n) for n in names]), compression=codec)
    try:
        yield writer
        writer.close()
    except BaseException:
        writer.is_open = False  # else it would fail again when it is collected
        raise
    os.replace(part, path)
