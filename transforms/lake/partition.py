"""Makes a partition of the pieces of a night: decides what only the whole night shows, and has the
parts written."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from transforms.contracts import contract
from transforms.engine import quoted
from transforms.lake import across_rows
from transforms.lake.receipt import (
    PAGE_CAP,
    Drift,
    Extent,
    Part,
    Receipt,
    Rows,
    Source,
    Warned,
    new_receipt,
)
from transforms.pieces import parts
from transforms.pieces.engines import Engine, Local
from transforms.pieces.make import Made
from transforms.pieces.parts import file_name, part_of
from transforms.pieces.waiting import rejected_path, rows_path, staged_path
from transforms.read import Export
from transforms.read.opened import Warnings
from transforms.storage import private_folder, sha256_of

EXTENT_ORDER: tuple[Extent, ...] = (
    "census",
    "window",
    "sample",
)  # several files together count as the weakest coverage type among them
SHARED_ROWS = 120_000  # of small files, in parts that they share
NONE = np.empty(0, dtype=np.int64)


class Partition:
    """Collects the files of one dataset and night; `finish` decides, counts and names the parts.

    Rows are in files from the first, so that memory does not grow with the export.
    """

    def __init__(
        self, dataset: str, night: date, folder: Path, engine: Engine | None = None
    ) -> None:
        self.contract = contract(dataset)
        self.night = night
        self.folder = folder
        self.engine: Engine = engine or Local(f"{dataset} {night}")
        self.parts = folder / "parts"
        private_folder(self.parts)  # it will hold rejected rows
        self._files: list[Sequence[Made]] = []
        self._pieces: list[Made] = []
        self._accepted: Counter[str] = Counter()  # rows by file, repeated ones too
        self._noted: Warnings = Counter()
        self._exports: list[Export] = []
        self._sources: list[Source] = []
        self._unread: list[Warned] = []

    def note(self, warnings: Mapping[tuple[str, str | None], int]) -> None:
        """Counts odd values that were kept, by code and column."""
        self._noted.update(warnings)

    def add(
        self, export: Export, source: Source, pieces: Sequence[Made], unread: Sequence[Warned]
    ) -> None:
        """Adds a file: its pieces, in order."""
        self._exports.append(export)
        self._sources.append(source)
        self._files.append(pieces)
        self._unread += unread
        self._pieces += pieces
        for one in pieces:
            self.note(one.noted)
            self._accepted[one.file] += one.accepted

    def finish(self) -> Receipt:
        """Leaves the parts in `folder/parts`; returns their receipt."""
        # Free the memory of the batches before DuckDB needs its share.
        pa.default_memory_pool().release_unused()
        with across_rows.connect(self.folder) as db:
            losers = self._find_duplicates(db)
            days = [self._write_day(db)] if self.contract.dataset == "listings" else []
        duplicates = sum(map(len, losers.values()))
        constant = self._constant_flags()
        written = self._write_parts(losers, constant)
        ordered = [p for kind in self.contract.parts for p in written if p.part == kind]
        ordered += days + [p for p in written if p.part == "rejected"]
        rows_in = sum(s.rows for s in self._sources)
        accepted = sum(one.accepted for one in self._pieces) - duplicates
        reasons = sum((one.reasons for one in self._pieces), Counter[str]())
        rejects = reasons.total()
        rows = Rows(rows_in, accepted, rejects, duplicates)
        if accepted + rejects + duplicates != rows_in:
            raise AssertionError(f"rows were lost: {rows}")
        value_rejects: dict[str, dict[str, int]] = defaultdict(dict)
        for (column, reason), count in sorted(
            sum((one.value_rejects for one in self._pieces), Counter[tuple[str, str]]()).items()
        ):
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
            rows_hash=self._rows_hash(),
            rows=rows,
            reasons=dict(sorted(reasons.items())),
            value_rejects=dict(value_rejects),
            drift=Drift(
                tuple(sorted({c for e in self._exports for c in e.new_columns})),
                tuple(sorted({c for e in self._exports for c in e.missing_columns})),
            ),
            parts=tuple(ordered),
            warnings=self._warnings(constant),
        )

    def _find_duplicates(self, db: duckdb.DuckDBPyConnection) -> dict[int, np.ndarray]:
        """Positions of the rows that repeat a key and are dropped, by the number of their piece."""
        key = ", ".join(self.contract.key)
        # The place of a piece is above, that of a row within it below: in order over all pieces.
        pieces = [
            f"SELECT *, {place}::BIGINT << 32 | file_row_number AS position FROM read_parquet("
            f"{quoted(staged_path(self.folder, one.number))}, file_row_number = true)"
            for place, one in enumerate(self._pieces)
        ]
        db.execute(f"CREATE VIEW all_rows AS {' UNION ALL '.join(pieces)}")
        db.execute(
            f"CREATE VIEW staged AS SELECT position, {key} AS row_key, _filled AS filled, "
            "_source_file AS source_file, _source_row AS source_row FROM all_rows"
        )
        db.execute(f"CREATE TABLE duplicates AS {across_rows.sql('duplicates')}")
        found = db.execute("FROM duplicates").fetchnumpy()
        positions = np.asarray(found["position"], dtype=np.int64)
        return {
            self._pieces[place].number: positions[positions >> 32 == place] & 0xFFFFFFFF
            for place in np.unique(positions >> 32).tolist()
        }

    def _rows_hash(self) -> str:
        """A hash of all accepted rows in any order, without columns that depend on the night."""
        count = sum(one.accepted for one in self._pieces)
        return sha256_of(str((count, sum(one.hashes for one in self._pieces) if count else None)))

    def _write_day(self, db: duckdb.DuckDBPyConnection) -> Part:
        path = self.parts / file_name("day")
        db.execute("CREATE VIEW accepted AS FROM all_rows WHERE position NOT IN (FROM duplicates)")
        db.execute(f"COPY ({across_rows.sql('listing_day')}) TO {quoted(path)} (FORMAT parquet)")
        return part_of("day", path)

    def _write_parts(
        self, losers: Mapping[int, np.ndarray], constant: Mapping[str, set[str]]
    ) -> list[Part]:
        """The parts of the pieces, without the rows and flags that were decided against."""
        groups = list(_together(self._files))
        jobs = [
            parts.Job(
                self.contract.dataset,
                [
                    parts.Source(
                        rows_path(self.folder, one.number),
                        rejected_path(self.folder, one.number) if one.reasons else None,
                        losers.get(one.number, NONE),
                        frozenset(c for c, files in constant.items() if one.file in files),
                    )
                    for one in group
                ],
                self.parts,
                number if len(groups) > 1 else None,
            )
            for number, group in enumerate(groups, start=1)
        ]
        written: list[Part] = []
        for job, found in zip(jobs, self.engine.map(parts.write, jobs), strict=True):
            written += found
            for source in job.sources:
                source.rows.unlink()
                if source.rejected:
                    source.rejected.unlink()
        return written

    def _constant_flags(self) -> dict[str, set[str]]:
        """Flags with the same value in every row of a file, by column: a scraper's fault."""
        seen: dict[tuple[str, str], set[bool]] = defaultdict(set)
        for one in self._pieces:
            for column, values in one.flags.items():
                seen[column, one.file] |= values
        constant: dict[str, set[str]] = defaultdict(set)
        for (column, file), values in seen.items():
            if len(values) == 1 and self._accepted[file] > 1:
                constant[column].add(file)
        return constant

    def _warnings(self, constant: Mapping[str, set[str]]) -> tuple[Warned, ...]:
        found = [Warned(code, c, n) for (code, c), n in self._noted.items() if n]
        found += [
            Warned("constant_flag", c, sum(self._accepted[file] for file in files))
            for c, files in constant.items()
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


def _together(files: Sequence[Sequence[Made]]) -> Iterator[list[Made]]:
    """Pieces that share their parts: those of small files up to some rows, else each alone."""
    group: list[Made] = []
    rows = 0
    for pieces in files:
        for one in pieces:
            if group and (len(pieces) > 1 or rows + one.read > SHARED_ROWS):
                yield group
                group, rows = [], 0
            group.append(one)
            rows += one.read
            if len(pieces) > 1:
                yield group
                group, rows = [], 0
    if group:
        yield group
