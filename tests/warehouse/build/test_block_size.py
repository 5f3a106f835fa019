"""How large the blocks of a published file are."""

from pathlib import Path

import duckdb
import pytest

from transforms import engine
from transforms.engine import quoted
from warehouse.build import build


@pytest.mark.parametrize(
    ("listings", "days", "size"),
    [
        (0, 0, 16_384),
        (15_000, 4_999, 16_384),
        (15_000, 5_000, 65_536),
        (20_000, 0, 65_536),
        (749_999, 20_000_000, 65_536),
        (750_000, 0, 262_144),
    ],
)
def test_a_file_of_many_rows_has_large_blocks(
    listings: int, days: int, size: int, tmp_path: Path
) -> None:
    path = tmp_path / "outlook.duckdb"
    with engine.in_memory(tmp_path / "spill") as db:
        db.execute("ATTACH ':memory:' AS lake")
        db.execute(f"CREATE VIEW lake.listings_ledger AS SELECT range FROM range({listings})")
        db.execute(f"CREATE VIEW lake.listing_day AS SELECT range FROM range({days})")
        db.execute(f"ATTACH {quoted(path)} AS outlook ({build.storage(db)})")
        db.execute("CREATE TABLE outlook.t AS SELECT 42 AS x")
        db.execute("DETACH outlook")
    with duckdb.connect(str(path), read_only=True) as db:
        assert db.execute("SELECT block_size FROM pragma_database_size()").fetchone() == (size,)
        assert db.execute("FROM t").fetchall() == [(42,)]
        tags = db.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'outlook'")
        assert "v1.4" in str(tags.fetchone())
