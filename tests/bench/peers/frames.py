"""Polars, streaming."""

from pathlib import Path

import polars as pl

from tests.bench.peers import CATEGORIES, COLUMNS, LEAD, METRICS, MOQ, PRICE, STATUS, ZONE

_EMPTY = ["", "-"]
_AMOUNT = pl.Decimal(18, 4)


def run(files: list[Path], out: Path) -> None:
    """Writes both files; only what shares a key is looked at twice."""
    judged = _judged(_raw(files))
    filled = pl.sum_horizontal((~pl.col(c).is_in(_EMPTY)).cast(pl.Int8) for c in COLUMNS)
    keys = (
        judged.filter(pl.col("reason").is_null())
        .select("Product ID", "source_row", filled.alias("filled"))
        .collect(engine="streaming")
    )
    again = keys.filter(pl.col("Product ID").is_duplicated())
    losers = (
        again.sort("filled", "source_row", descending=[True, False])
        .filter(~pl.col("Product ID").is_first_distinct())
        .get_column("source_row")
    )
    good = judged.filter(pl.col("reason").is_null() & ~pl.col("source_row").is_in(losers.implode()))
    categories = pl.scan_csv(CATEGORIES, infer_schema=False)
    (
        good.join(categories, left_on="Category ID", right_on="category_id", how="left")
        .select(*_typed())
        .sink_parquet(out / "accepted.parquet", compression="zstd")
    )
    (
        judged.filter(pl.col("reason").is_not_null())
        .drop("even_title")
        .sink_parquet(out / "rejected.parquet", compression="zstd")
    )


def _raw(files: list[Path]) -> pl.LazyFrame:
    rows = pl.scan_csv(files, infer_schema=False, truncate_ragged_lines=True)
    return rows.with_columns(pl.all().fill_null("")).with_row_index("source_row", 1)


def _judged(rows: pl.LazyFrame) -> pl.LazyFrame:
    number, title = pl.col("Product ID"), pl.col("even_title")
    even = pl.col("Title").str.replace_all(r"\s+", " ").str.strip_chars()
    return rows.with_columns(even_title=even).with_columns(
        reason=pl.when(pl.col("Bookmarks") == "")
        .then(pl.lit("fields: 24 instead of 25"))
        .when(number.is_in(_EMPTY))
        .then(pl.lit("product_id: missing"))
        .when(~number.str.contains(r"^[0-9]{8,17}$"))
        .then(pl.lit("product_id: malformed"))
        .when(title.is_in(_EMPTY))
        .then(pl.lit("title: missing"))
        .when(title.str.len_chars() < 3)
        .then(pl.lit("title: too short"))
    )


def _typed() -> list[pl.Expr]:
    price, moq = pl.col("Price"), pl.col("MOQ")
    low = _decimal(price.str.extract(PRICE, 1))
    flags = {
        "Display": "is_listed", "Ready to Ship": "is_rts", "Showcase": "is_showcase",
        "P4P": "is_p4p",
    }  # fmt: skip
    yes = {"Y": True, "N": False}
    return [
        pl.col("Product ID").alias("product_id"),
        pl.col("Member ID").alias("seller_id"),
        pl.col("even_title").alias("title"),
        pl.col("Category ID").alias("category_id"),
        pl.col("top_category_id"),
        pl.col("Status").replace_strict(STATUS, default=None).alias("status"),
        pl.col("Product Type").alias("product_type"),
        *(
            pl.col(c).replace_strict(yes, default=None, return_dtype=pl.Boolean).alias(name)
            for c, name in flags.items()
        ),
        price.alias("price_raw"),
        low.alias("price_min"),
        pl.coalesce(_decimal(price.str.extract(PRICE, 2)), low).alias("price_max"),
        price.str.extract(PRICE, 3).str.to_lowercase().alias("price_unit"),
        _decimal(moq.str.extract(MOQ, 1)).alias("moq"),
        moq.str.extract(MOQ, 2).str.to_lowercase().alias("moq_unit"),
        pl.col("Lead Time").str.extract(LEAD, 1).cast(pl.Int16).alias("lead_time_days"),
        pl.col("Review Score")
        .cast(pl.Float64, strict=False)
        .replace(0, None)
        .alias("review_score"),
        pl.col("Reviews").cast(pl.Int64, strict=False).alias("review_count"),
        _instant("Created").alias("gmt_create"),
        _instant("Modified").alias("gmt_modified"),
        *(pl.col(c).cast(pl.Int64, strict=False).alias(name) for c, name in METRICS.items()),
        pl.col("source_row"),
    ]


def _decimal(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(",", "", literal=True).cast(_AMOUNT, strict=False)


def _instant(column: str) -> pl.Expr:
    text = pl.col(column)
    forms = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
    wall = pl.coalesce(text.str.to_datetime(form, strict=False) for form in forms)
    local = wall.dt.replace_time_zone(ZONE, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")
