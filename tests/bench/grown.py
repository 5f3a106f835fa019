"""A lake with a long history, made of a few loaded nights: each is repeated on earlier nights."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

import duckdb

from transforms import DATASETS, engine
from transforms.contracts import contract
from transforms.engine import named, quoted
from transforms.lake import Lake, Receipt
from transforms.lake.receipt import Part
from transforms.storage import sha256, sha256_of


def grow(lake: Lake, nights: int) -> None:
    """Puts nights before the usable ones of each dataset until there are so many.

    Each has the rows of a loaded night, with another export date and with inquiries of its own.
    They are committed and not folded: the next build does that, as after a backfill.
    """
    with engine.in_memory() as db:
        for dataset in DATASETS:
            loaded = [r for r in lake.receipts(dataset) if r.is_usable]
            for place in range(nights - len(loaded) if loaded else 0):
                of = loaded[-1 - place % len(loaded)]
                repeat(db, lake, of, loaded[0].export_date - timedelta(days=place + 1))


def repeat(
    db: duckdb.DuckDBPyConnection, lake: Lake, of: Receipt, night: date, sellers: str = "true"
) -> Receipt:
    """Commits the rows of a loaded night for another one, with its export date. Of them only those
    of some sellers, by a condition on `seller_id`, where a part names sellers."""
    days = (of.export_date - night).days
    made_of = f"{of.content} {night} {sellers}"
    content = sha256_of(made_of)
    name = lake.partition(of.dataset, night, content)
    lake.place.local(name).mkdir(parents=True, exist_ok=True)
    receipt = replace(
        of,
        export_date=night,
        content=content,
        rows_hash=sha256_of(f"rows {made_of}"),
        exported_at=of.exported_at and of.exported_at - timedelta(days=days),
        parts=tuple(_moved(db, lake, of.dataset, part, name, days, sellers) for part in of.parts),
        sources=tuple(
            replace(s, unpacked_sha256=sha256_of(f"{s.name} {made_of}")) for s in of.sources
        ),
    )
    lake.write_receipt(receipt)
    return receipt


def _moved(
    db: duckdb.DuckDBPyConnection,
    lake: Lake,
    of: str,
    part: Part,
    folder: PurePosixPath,
    days: int,
    sellers: str,
) -> Part:
    source = lake.place.verified(PurePosixPath(part.path), part.sha256)
    rows = f"read_parquet({quoted(source)})"
    described = db.execute(f"DESCRIBE FROM {rows}").fetchall()
    columns = [_earlier(of, name, kind, days) for name, kind, *_ in described]
    where = sellers if any(name == "seller_id" for name, *_ in described) else "true"
    name = folder / Path(part.path).name
    target = lake.place.local(folder) / name.name
    db.execute(
        f"COPY (SELECT {', '.join(columns)} FROM {rows} WHERE {where}) TO {quoted(target)} "
        "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
    )
    return replace(part, path=str(name), sha256=sha256(target))


def _earlier(dataset: str, column: str, kind: str, days: int) -> str:
    """A column of an earlier night. Of sellers and listings only what is made from the export date
    differs: else every row of every night would have changed."""
    name = named(column)
    if dataset != "inquiries" and column not in contract(dataset).of_night:
        return name
    if kind == "DATE":
        return f"{name} - {days} AS {name}"
    if kind.startswith("TIMESTAMP"):
        return f"{name} - INTERVAL {days} DAY AS {name}"
    return f"{name} || '-{days}' AS {name}" if column == "inquiry_id" else name
