"""The parts of a night: Parquet files, each written once, when the whole night has decided which
rows count."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.contracts import LINEAGE, Contract, contract
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
ROW_GROUP = 60_000  # the fewest rows of one, but for the last of a file


def file_name(part: str, number: int | None = None) -> str:
    """Name of a part's file; without a number if it is the only one of its kind."""
    return f"{part}.parquet" if number is None else f"{part}-{number:04}.parquet"


@dataclass(frozen=True)
class Source:
    """The rows of a piece: of its accepted rows those at some positions are dropped, and some flags
    are null; and its rejected rows as text, if it has any."""

    rows: Path
    rejected: Path | None
    dropped: np.ndarray
    nulled: frozenset[str]


@dataclass(frozen=True)
class Job:
    """Pieces that share their parts, which are written in `folder`; `number` tells these parts from
    others of the night, unless they are its only ones."""

    dataset: str
    sources: Sequence[Source]
    folder: Path
    number: int | None


def write(job: Job) -> list[Part]:
    """Writes the parts of some pieces: one of each kind in the contract, and the rejected rows. The
    rows of the pieces stay, for a task that is lost is tried again."""
    terms = contract(job.dataset)
    schema = pa.schema([*terms.schema(), *LINEAGE])
    kept = (table for source in job.sources for table in _kept(source))
    written = _write(
        job, {part: _of(schema, names) for part, names in _columns(terms).items()}, kept
    )
    rejected = [source.rejected for source in job.sources if source.rejected]
    if rejected:
        tables = (table for path in rejected for table in _read(path))
        written += _write(job, {"rejected": REJECTED}, tables)
    return written


def _write(job: Job, kinds: dict[str, pa.Schema], tables: Iterable[pa.Table]) -> list[Part]:
    """Writes one file of each kind, with its columns of the rows."""
    paths = {kind: job.folder / file_name(kind, job.number) for kind in kinds}
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                parquet_writer(paths[kind], schema, contract(job.dataset).key, kind == "rejected")
            )
            for kind, schema in kinds.items()
        ]
        for group in _in_groups(tables):
            for writer in writers:
                writer.write_table(group.select(writer.schema.names))
    return [part_of(kind, path) for kind, path in paths.items()]


def _in_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows as row groups. A batch is seldom small, and then none of it is copied."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(map(len, waiting)) >= ROW_GROUP:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting = []
    if any(map(len, waiting)):
        yield pa.concat_tables(waiting).combine_chunks()


def _kept(source: Source) -> Iterator[pa.Table]:
    """The accepted rows that are not dropped, with some flags null."""
    done = 0
    for table in _read(source.rows):
        is_kept = table["_is_accepted"].to_numpy()
        accepted = np.flatnonzero(is_kept)
        here = (source.dropped >= done) & (source.dropped < done + len(accepted))
        is_kept[accepted[source.dropped[here] - done]] = False
        done += len(accepted)
        if not is_kept.all():  # it copies all other rows, so it is done here and nowhere else
            table = table.filter(pa.array(is_kept))
        for flag in sorted(source.nulled):
            nulls = pa.nulls(len(table), pa.bool_())
            table = table.set_column(table.schema.get_field_index(flag), flag, nulls)
        yield table


def _read(path: Path) -> Iterator[pa.Table]:
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as batches:
        for batch in batches:
            yield pa.Table.from_batches([batch])


def _columns(terms: Contract) -> dict[str, list[str]]:
    """The columns of each part: the key is in all of them, the lineage in the rows."""
    own = {part: [c.name for c in terms.columns if c.part == part] for part in terms.parts}
    return {
        part: [*names, *LINEAGE.names] if part == "rows" else [*terms.key, *names]
        for part, names in own.items()
    }


def _of(schema: pa.Schema, names: list[str]) -> pa.Schema:
    return pa.schema([schema.field(name) for name in names])


def part_of(kind: str, path: Path) -> Part:
    """The receipt's account of a part that was written."""
    return Part(kind, path.name, pq.read_metadata(path).num_rows, sha256(path))


@contextmanager
def parquet_writer(
    path: Path, schema: pa.Schema, key: Sequence[str], is_private: bool = False
) -> Iterator[pq.ParquetWriter]:
    """A writer of a file that gets its name once it is whole. Keys, times and line numbers nearly
    all differ, so that a dictionary of them would be as long as they are. Nobody skips row groups
    by their statistics, which take a fifth of the time."""
    unique = {*key, "_source_row"}
    words = [f.name for f in schema if not pa.types.is_timestamp(f.type) and f.name not in unique]
    with finished(path) as part:
        if is_private:
            private(part).close()
        writer = pq.ParquetWriter(
            part, schema, compression="zstd", use_dictionary=words, write_statistics=False
        )
        try:
            yield writer
            writer.close()
        except BaseException:
            writer.is_open = False  # else it would fail again when it is collected
            raise


@contextmanager
def finished(path: Path) -> Iterator[Path]:
    """Another name for a file until it is whole."""
    part = unfinished(path)
    yield part
    os.replace(part, path)
