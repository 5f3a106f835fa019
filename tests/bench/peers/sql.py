"""Hand-written SQL on DuckDB, with all it may take of the machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tests.bench.peers import CATEGORIES, COLUMNS, LEAD, METRICS, MOQ, PRICE, STATUS, ZONE

_EMPTY = "('', '-')"


def _instant(column: str) -> str:
    wall = f"""coalesce(try_strptime("{column}", '%Y-%m-%d %H:%M:%S'),
                        try_strptime("{column}", '%Y-%m-%dT%H:%M:%S'))"""
    return f"timezone('{ZONE}', {wall})"


def _amount(group: int) -> str:
    return (
        f"try_cast(nullif(replace(regexp_extract(\"Price\", '{PRICE}', {group}), ',', ''), '') "
        "AS DECIMAL(18,4))"
    )


def statement(files: list[Path]) -> list[str]:
    """Statements that leave the views `accepted` and `rejected`."""
    names = ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS)
    paths = ", ".join(f"'{path}'" for path in files)
    metrics = ", ".join(
        f"""CASE WHEN regexp_full_match("{c}", '[0-9]+') THEN "{c}"::BIGINT END AS {name}"""
        for c, name in METRICS.items()
    )
    status = " ".join(f"WHEN '{word}' THEN '{means}'" for word, means in STATUS.items())
    filled = " + ".join(f"""("{c}" NOT IN {_EMPTY})::INT""" for c in COLUMNS)
    flags = ", ".join(
        f"""CASE "{c}" WHEN 'Y' THEN true WHEN 'N' THEN false END AS {name}"""
        for c, name in (
            ("Display", "is_listed"), ("Ready to Ship", "is_rts"), ("Showcase", "is_showcase"),
            ("P4P", "is_p4p"),
        )
    )  # fmt: skip
    return [
        f"""CREATE TABLE categories AS
            SELECT category_id, top_category_id
            FROM read_csv('{CATEGORIES}', all_varchar = true)""",
        f"""CREATE VIEW raw AS
            SELECT coalesce(COLUMNS(*), ''), row_number() OVER () AS source_row
            FROM read_csv([{paths}], columns = {{{names}}}, header = true,
                          auto_detect = false, delim = ',', quote = '"', null_padding = true,
                          nullstr = chr(1))""",
        f"""CREATE TABLE judged AS
            SELECT *, trim(regexp_replace("Title", '\\s+', ' ', 'g')) AS even_title,
                CASE
                    WHEN "Bookmarks" = '' THEN 'fields: 24 instead of 25'
                    WHEN "Product ID" IN {_EMPTY} THEN 'product_id: missing'
                    WHEN NOT regexp_full_match("Product ID", '[0-9]{{8,17}}')
                        THEN 'product_id: malformed'
                    WHEN even_title IN {_EMPTY} THEN 'title: missing'
                    WHEN length(even_title) < 3 THEN 'title: too short'
                END AS reason
            FROM raw""",
        """CREATE VIEW rejected AS
           SELECT * EXCLUDE (even_title) FROM judged WHERE reason IS NOT NULL""",
        f"""CREATE VIEW accepted AS
            SELECT "Product ID" AS product_id, "Member ID" AS seller_id, even_title AS title,
                j."Category ID" AS category_id, c.top_category_id,
                CASE "Status" {status} END AS status, "Product Type" AS product_type, {flags},
                "Price" AS price_raw, {_amount(1)} AS price_min,
                coalesce({_amount(2)}, price_min) AS price_max,
                nullif(lower(regexp_extract("Price", '{PRICE}', 3)), '') AS price_unit,
                try_cast(nullif(replace(regexp_extract("MOQ", '{MOQ}', 1), ',', ''), '')
                    AS DECIMAL(18,4)) AS moq,
                nullif(lower(regexp_extract("MOQ", '{MOQ}', 2)), '') AS moq_unit,
                try_cast(nullif(regexp_extract("Lead Time", '{LEAD}', 1), '') AS SMALLINT)
                    AS lead_time_days,
                nullif(try_cast(nullif("Review Score", '') AS DOUBLE), 0) AS review_score,
                try_cast(nullif("Reviews", '') AS BIGINT) AS review_count,
                {_instant("Created")} AS gmt_create, {_instant("Modified")} AS gmt_modified,
                {metrics}, source_row
            FROM judged AS j LEFT JOIN categories AS c ON c.category_id = j."Category ID"
            WHERE reason IS NULL AND source_row NOT IN (
                SELECT source_row FROM (
                    SELECT source_row, row_number() OVER (
                        PARTITION BY "Product ID" ORDER BY {filled} DESC, source_row) AS place
                    FROM judged
                    WHERE reason IS NULL AND "Product ID" IN (
                        SELECT "Product ID" FROM judged WHERE reason IS NULL
                        GROUP BY 1 HAVING count(*) > 1))
                WHERE place > 1)""",
    ]


def run(files: list[Path], out: Path) -> None:
    """Writes both files with DuckDB's own writer."""
    with opened(files) as db:
        for name in ("accepted", "rejected"):
            db.execute(f"COPY {name} TO '{out / name}.parquet' (COMPRESSION zstd)")


def opened(files: list[Path]) -> Any:
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    for one in statement(files):
        db.execute(one)
    return db


def batches(db: Any, name: str) -> Iterator[pa.RecordBatch]:
    """The rows of a view as Arrow, a batch at a time."""
    yield from db.execute(f"FROM {name}").to_arrow_reader(100_000)
