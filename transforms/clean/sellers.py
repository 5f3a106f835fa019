"""Sellers: one row per storefront account."""

from functools import partial

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clean.batch import Batch, Cleaned, Context
from transforms.contracts import contract
from transforms.fields import date, link, number, person, place, text, word
from transforms.fields.country import country

RATES = {"markets": word.shares, "response_rate": number.rate, "on_time_rate": number.rate}


def clean(raw: pd.DataFrame, context: Context) -> Cleaned:
    """Typed sellers, one row per row of text under the contract's raw names."""
    batch = Batch(_identified(raw), contract("sellers"), context.memory)
    batch.constant("snapshot_date", context.snapshot_date)
    _identity(batch)
    batch.as_delivered("company_name", "company_name_raw")
    batch.text("company_name", "company_name")
    batch.parse("country", "country_iso2", country)
    batch.text("province", "province")
    _place(batch, context)
    _company_key(batch)
    batch.parse("membership", "membership", partial(word.one_of, words=word.MEMBERSHIP))
    for field in ("paid_from", "paid_to"):
        batch.parse(field, field, partial(date.day, first=context.evidence.get(field)))
    batch.parse("years", "years_on_platform", number.years)
    batch.parse("verified", "is_verified", word.flag)
    batch.text("channel_partner", "channel_partner")
    batch.ids("main_category_id", "main_category_id")
    batch.parse("main_products", "main_products", word.listed)
    batch.parse("business_type", "business_type", word.business_types)
    batch.parse(
        "revenue_band", ("revenue_band_min_usd", "revenue_band_max_usd"), number.revenue_band
    )
    for field, parser in RATES.items():
        batch.parse(field, field, partial(parser, unsigned=context.evidence.get(field)))
    batch.parse("response_time", "response_time_max_h", number.hours)
    batch.parse("rating", "rating", lambda t: number.score(t)[0])
    batch.zero_is_unknown("rating")
    batch.parse("orders_6m", "orders_6m", number.count)
    batch.parse("order_value_6m", "order_value_6m_min_usd", number.lower_bound_usd)
    batch.parse(
        "phone",
        "phone_key",
        partial(person.phone_key, region=context.market.phone_region, key=context.key),
    )
    return batch.cleaned()


def _identified(raw: pd.DataFrame) -> pd.DataFrame:
    """The rows with the storefront's address in place of a missing member id."""
    if "seller_id" not in raw or "storefront_url" not in raw:
        return raw
    as_even = Batch(raw, contract("sellers"))
    members, links = as_even.texts("seller_id"), as_even.texts("storefront_url")
    has_link_only = [
        not member and bool(link_) for member, link_ in zip(members, links, strict=True)
    ]
    # As delivered, for a rejected row shows it so.
    either = (
        raw["seller_id"]
        .mask(pd.Series(has_link_only, index=raw.index), raw["storefront_url"])
        .astype("str")
    )
    return raw.assign(seller_id=either)


def _identity(batch: Batch) -> None:
    """The member id, else the one in the storefront's address."""
    batch.text("storefront_url", "storefront_url")
    if batch.has("seller_id"):
        batch.parse("seller_id", "seller_id", _member_or_link)
    else:
        batch.parse("storefront_url", "seller_id", link.seller_id)


def _member_or_link(text_: str) -> str:
    return link.seller_id(text_) if "://" in text_ else text.identifier(text_)


def _place(batch: Batch, context: Context) -> None:
    batch.text("city", "city_raw")
    home = pc.fill_null(pc.equal(batch.column("country_iso2"), context.market.country), False)
    # The gazetteer covers only the market: a Hyderabad elsewhere is another city.
    batch.parse("city", ("city_key", "city_match"), lambda t: place.city(t, context.market))
    if batch.has("city"):
        batch.copy("city_key", "city_key", where=home)
        match = pc.if_else(home, batch.column("city_match"), "none")
        has_city = pc.is_valid(batch.column("city_raw"))
        batch.fill("city_match", pc.if_else(has_city, match, pa.scalar(None, pa.string())))


def _company_key(batch: Batch) -> None:
    names = batch.column("company_name").to_pylist()
    cities = batch.column("city_key").to_pylist()
    batch.fill(
        "company_key",
        [text.company_key(n, c) if n else None for n, c in zip(names, cities, strict=True)],
    )
