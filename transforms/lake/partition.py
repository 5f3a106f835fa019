"""Makes a partition: stages checked batches, then writes them once, without duplicates."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.check import Checked
from transforms.contracts import LINEAGE, contract
from transforms.engine import quoted
from transforms.lake import across_rows
from transforms.lake.gates import PAGE_CAP
from transforms.lake.receipt import (
    Drift,
    Extent,
    Part,
    Receipt,
    Rows,
    Source,
    Warned,
    new_receipt,
)
from transforms.read import Export
from transforms.read.opened import Warnings
from transforms.storage import private, private_folder, sha256, sha256_of

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
EXTENT_ORDER: tuple[Extent, ...] = (
    "census",
    "window",
    "sample",
)  # several files together count as the weakest coverage type among them
ROW_GROUP = 120_000


class Partition:
    """Collects the files of one dataset and night; `finish` writes the parts and counts.

    Rows go to disk batch by batch, so that memory does not grow with the export.
    """

    def __init__(self, dataset: str, night: date, folder: Path) -> None:
        self.contract = contract(dataset)
        self.night = night
        self.folder = folder
        self.parts = folder / "parts"
        private_folder(self.parts)  # it will hold rejected rows
        self._staged_schema = pa.schema(
            [*self.contract.schema(), *LINEAGE, pa.field("_filled", pa.int16())]
        )
        self._staged_path = folder / "staged.parquet"
        self._staged = pq.ParquetWriter(self._staged_path, self._staged_schema, compression="lz4")
        self._rejected: list[pa.Table] = []
        self._reasons: Counter[str] = Counter()
        self._value_rejects: Counter[tuple[str, str]] = Counter()
        self._noted: Warnings = Counter()
        self._flags: dict[tuple[str, str], set[bool]] = defaultdict(set)
        self._rows_per_file: Counter[str] = Counter()
        self._exports: list[Export] = []
        self._sources: list[Source] = []
        self._unread: list[Warned] = []
        self._accepted = 0

    def note(self, warnings: Mapping[tuple[str, str | None], int]) -> None:
        """Counts odd values that were kept, by code and column."""
        self._noted.update(warnings)

    def add(self, export: Export, source: Source, unread: Sequence[Warned]) -> None:
        """Records a file that was staged to its end."""
        self._exports.append(export)
        self._sources.append(source)
        self._unread += unread

    def stage(self, file: str, checked: Checked, lines: np.ndarray) -> None:
        """Writes a checked batch to disk; `lines` are the line numbers of its rows in the file."""
        schema = self.contract.schema()
        table = pa.Table.from_pandas(checked.accepted, schema=schema, preserve_index=False)
        filled = pa.array([0] * len(table), pa.int16())
        for column in table.columns:
            filled = pc.add(filled, pc.is_valid(column.combine_chunks()).cast(pa.int16()))
        names = pa.DictionaryArray.from_arrays(pa.array([0] * len(table), pa.int32()), [file])
        rows = pa.array(lines[checked.positions], pa.int32())
        arrays = [*table.columns, names, rows, filled]
        self._staged.write_table(pa.table(arrays, schema=self._staged_schema))
        self._accepted += len(table)
        self._rows_per_file[file] += len(table)
        for column in (c.name for c in self.contract.columns if c.flag):
            seen = pc.unique(table[column]).drop_null().to_pylist()
            self._flags[file, column].update(seen)
        self._value_rejects.update(checked.value_rejects)
        self._keep_rejected(
            checked.rejected.assign(source_file=file, source_row=lines[checked.rejected["row"]])
        )

    def reject(self, file: str, broken: list[tuple[int, str, str]]) -> None:
        """Rejects records that are not rows of the file's table: line, reason, text."""
        frame = pd.DataFrame(broken, columns=["source_row", "reason", "raw_row"])
        self._keep_rejected(frame.assign(source_file=file, column=None, raw_value=None))

    def finish(self) -> Receipt:
        """Writes the parts into `folder/parts`; returns their receipt."""
        with _closed(self._staged):
            pass
        # Free the memory of the batches before DuckDB needs its share.
        pa.default_memory_pool().release_unused()
        rejected = self._write_rejected()
        with across_rows.connect(self.folder) as db:
            losers = self._find_duplicates(db)
            rows_hash = self._rows_hash(db)
            duplicates = len(losers)
            parts = self._write_parts(losers)
            if self.contract.dataset == "listings":
                parts.append(self._write_day(db))
        rows_in = sum(s.rows for s in self._sources)
        accepted, rejects = self._accepted - duplicates, sum(self._reasons.values())
        rows = Rows(rows_in, accepted, rejects, duplicates)
        if accepted + rejects + duplicates != rows_in:
            raise AssertionError(f"rows were lost: {rows}")
        if rejected:
            parts.append(rejected)
        value_rejects: dict[str, dict[str, int]] = defaultdict(dict)
        for (column, reason), count in sorted(self._value_rejects.items()):
            value_rejects[column][reason] = count
        layouts = dict.fromkeys(e.layout.name for e in self._exports)
        extents = Counter(e.layout.extent for e in self._exports)
        if len(extents) > 1:
            # A search page next to the census makes the night a sample: warn of it.
            self._noted["mixed_extents", None] += len(self._exports)
        return replace(
            new_receipt(self.contract.dataset, self.night),
            layout="+".join(layouts) or None,
            extent=EXTENT_ORDER[max(EXTENT_ORDER.index(e) for e in extents)],
            sources=tuple(self._sources),
            rows_hash=rows_hash,
            rows=rows,
            reasons=dict(sorted(self._reasons.items())),
            value_rejects=dict(value_rejects),
            drift=Drift(
                tuple(sorted({c for e in self._exports for c in e.new_columns})),
                tuple(sorted({c for e in self._exports for c in e.missing_columns})),
            ),
            parts=tuple(parts),
            warnings=self._warnings(),
        )

    def _keep_rejected(self, rejected: pd.DataFrame) -> None:
        if len(rejected):
            self._reasons.update(rejected["reason"])
            self._rejected.append(
                pa.Table.from_pandas(
                    rejected[REJECTED.names], schema=REJECTED, preserve_index=False
                )
            )

    def _write_rejected(self) -> Part | None:
        if not self._rejected:
            return None
        path = self.parts / "rejected.parquet"
        # Rejected rows hold the text as delivered, with personal data.
        private(path).close()
        pq.write_table(pa.concat_tables(self._rejected), path, compression="zstd")
        return _part("rejected", path)

    def _find_duplicates(self, db: duckdb.DuckDBPyConnection) -> np.ndarray:
        """Positions of the staged rows that repeat a key and are dropped."""
        key = ", ".join(self.contract.key)
        db.execute(
            f"CREATE VIEW staged AS SELECT file_row_number AS position, {key} AS row_key, "
            "_filled AS filled, _source_file AS source_file, _source_row AS source_row "
            f"FROM read_parquet({quoted(self._staged_path)}, file_row_number = true)"
        )
        db.execute(f"CREATE TABLE duplicates AS {across_rows.sql('duplicates')}")
        found = db.execute("FROM duplicates").fetchnumpy()
        return np.asarray(found["position"], dtype=np.int64)

    def _rows_hash(self, db: duckdb.DuckDBPyConnection) -> str:
        """A hash of all accepted rows in any order, without columns that depend on the night."""
        columns = [c.name for c in self.contract.columns if c.name not in self.contract.of_night]
        found = db.execute(
            f"SELECT count(*), sum(hash({', '.join(columns)})::HUGEINT) "
            f"FROM read_parquet({quoted(self._staged_path)})"
        ).fetchone()
        return sha256_of(str(found))

    def _write_parts(self, duplicates: np.ndarray) -> list[Part]:
        """Writes rows and metrics in export order, so that the bytes are reproducible."""
        columns = {
            part: [c.name for c in self.contract.columns if c.part == part]
            for part in self.contract.parts
        }
        columns["rows"] += LINEAGE.names
        for part in set(columns) - {"rows"}:
            columns[part] = [*self.contract.key, *columns[part]]
        constant = self._constant_flags()
        done = 0
        with ExitStack() as stack:
            writers = {
                part: stack.enter_context(
                    _closed(
                        pq.ParquetWriter(
                            self.parts / f"{part}.parquet",
                            pa.schema([self._staged_schema.field(n) for n in names]),
                            compression="zstd",
                        )
                    )
                )
                for part, names in columns.items()
            }
            for batch in pq.ParquetFile(self._staged_path).iter_batches(ROW_GROUP):
                table = pa.Table.from_batches([batch], self._staged_schema)
                kept = np.ones(len(table), dtype=bool)
                here = duplicates[(duplicates >= done) & (duplicates < done + len(table))]
                kept[here - done] = False
                done += len(table)
                table = _without(table.filter(pa.array(kept)), constant)
                for part, names in columns.items():
                    writers[part].write_table(table.select(names))
        return [_part(part, self.parts / f"{part}.parquet") for part in columns]

    def _write_day(self, db: duckdb.DuckDBPyConnection) -> Part:
        path = self.parts / "day.parquet"
        db.execute(
            "CREATE VIEW accepted AS FROM "
            f"read_parquet({quoted(self._staged_path)}, file_row_number = true) "
            "WHERE file_row_number NOT IN (FROM duplicates)"
        )
        db.execute(f"COPY ({across_rows.sql('listing_day')}) TO {quoted(path)} (FORMAT parquet)")
        return _part("day", path)

    def _constant_flags(self) -> dict[str, list[str]]:
        """Flags with the same value in every row of a file: a scraper's fault."""
        constant: dict[str, list[str]] = defaultdict(list)
        for (file, column), values in self._flags.items():
            if len(values) == 1 and self._rows_per_file[file] > 1:
                constant[column].append(file)
        return constant

    def _warnings(self) -> tuple[Warned, ...]:
        found = [Warned(code, c, n) for (code, c), n in self._noted.items() if n]
        found += [
            Warned("constant_flag", c, sum(self._rows_per_file[f] for f in files))
            for c, files in self._constant_flags().items()
        ]
        found += self._unread
        found += [Warned("page_cap", None, s.rows) for s in self._sources if s.rows == PAGE_CAP]
        found += [
            Warned("new_column", c, e.rows_in)
            for e in self._exports
            for c in e.new_columns
            if self.contract.new_column == "warn"
        ]
        return tuple(sorted(found, key=lambda w: (w.code, w.column or "")))


@contextmanager
def _closed(writer: pq.ParquetWriter) -> Iterator[pq.ParquetWriter]:
    """Closes a writer, unless it failed: then it would fail again when collected."""
    try:
        yield writer
        writer.close()
    except BaseException:
        writer.is_open = False
        raise


def _without(table: pa.Table, constant: dict[str, list[str]]) -> pa.Table:
    """The table with a flag set to null in the rows of files that never vary it."""
    for column, files in constant.items():
        of_file = pc.is_in(table["_source_file"].cast(pa.string()), pa.array(files))
        values = pc.if_else(of_file, pa.scalar(None, pa.bool_()), table[column])
        table = table.set_column(table.schema.get_field_index(column), column, values)
    return table


def _part(part: str, path: Path) -> Part:
    return Part(part, path.name, pq.read_metadata(path).num_rows, sha256(path))
