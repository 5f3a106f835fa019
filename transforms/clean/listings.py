"""Listings: one product a row, its attributes and that day's metrics."""

from functools import partial

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clean.batch import Batch, Cleaned, Context
from transforms.contracts import contract
from transforms.fields import Unreadable, link, number, text, word
from transforms.fields.price import price
from transforms.fields.quantity import quantity

METRICS = {
    "impressions": "impressions",
    "clicks": "clicks",
    "visitors": "visitors",
    "inquiries": "inquiries",
    "inquirers": "inquirers",
    "tm_chatters": "tm_chatters",
    "orders": "orders",
    "bookmarks": "bookmarks",
}


def clean(raw: pd.DataFrame, context: Context) -> Cleaned:
    """Typed listings with their metrics, one row per row of text under the raw names."""
    batch = Batch(raw, contract("listings"))
    batch.constant("snapshot_date", context.snapshot_date)
    _identity(batch)
    batch.text("title", "title")
    batch.text("category_id", "category_id")
    batch.parse("category_id", "top_category_id", lambda t: _top_category(t, context))
    batch.parse("status", "status", partial(word.one_of, words=word.LISTING_STATUS))
    batch.parse("display", "is_listed", word.flag)
    batch.text("product_type", "product_type")
    _price(batch)
    batch.parse("moq", ("moq", "moq_unit", "moq_unit_dimension", "moq_base_qty"), quantity)
    batch.parse("lead_time", "lead_time_days", number.days)
    batch.parse("is_rts", "is_rts", word.flag)
    batch.parse("is_showcase", "is_showcase", word.flag)
    batch.parse("is_p4p", "is_p4p", word.flag)
    batch.parse("review_score", "review_score", number.fraction)
    batch.parse("review_count", "review_count", number.count)
    batch.instants("created", "gmt_create", context.market.platform_time_zone)
    batch.instants("modified", "gmt_modified", context.market.platform_time_zone)
    _metrics(batch, context)
    return batch.cleaned()


def _identity(batch: Batch) -> None:
    if batch.has("product_id"):
        batch.text("product_id", "product_id")
    else:
        batch.parse("product_url", "product_id", link.product_id)
    batch.constant("id_is_surrogate", False)
    batch.text("product_id_masked", "product_id_masked")
    if batch.has("seller_id"):
        batch.parse("seller_id", "seller_id", text.identifier)
    else:
        batch.parse("storefront_url", "seller_id", link.seller_id)


def _top_category(category_id: str, context: Context) -> str:
    try:
        return context.market.categories[category_id][1]
    except KeyError as error:
        raise Unreadable("unknown category") from error


def _price(batch: Batch) -> None:
    batch.as_delivered("price", "price_raw")
    batch.parse("price", ("price_min", "price_max", "price_currency"), price)
    in_usd = pc.fill_null(pc.equal(batch.column("price_currency"), "USD"), False)
    batch.copy("price_min", "price_min_usd", where=in_usd)
    batch.copy("price_max", "price_max_usd", where=in_usd)
    batch.constant("price_basis", "unstated")


def _metrics(batch: Batch, context: Context) -> None:
    """The day that the export describes; a day without numbers has no period either."""
    found = [column for field, column in METRICS.items() if batch.has(field)]
    if not found:
        return
    for field, column in METRICS.items():
        batch.parse(field, column, number.count)
    day = pa.repeat(pa.scalar(context.snapshot_date, pa.date32()), len(batch.raw))
    batch.fill("period_start", day)
    batch.fill("period_end", day)
