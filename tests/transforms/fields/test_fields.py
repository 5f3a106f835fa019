"""Forms of values as exports write them, each with the value it means or the reason it is not one.

The expected side is written by hand. A text that is neither read right nor refused is the one
thing that must not happen.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from transforms.fields import Unreadable, link, number, person, place, text, word
from transforms.fields import date as dates
from transforms.fields.country import country
from transforms.fields.price import ASK, Price, price
from transforms.fields.quantity import quantity, unit
from transforms.markets import market

KARACHI = ZoneInfo("Asia/Karachi")
PACIFIC = ZoneInfo("America/Los_Angeles")
D = Decimal


def usd(low: str, high: str | None = None) -> Price:
    return Price(D(low), D(high or low), "USD")


GOOD: list[tuple[Callable[[str], Any], str, Any]] = [
    (price, "$9.90", usd("9.90")),
    (price, "$6", usd("6")),
    (price, "$0.10-1", usd("0.10", "1")),
    (price, "$12.05-$13.85", usd("12.05", "13.85")),
    (price, "$500-3,000", usd("500", "3000")),
    (price, "$1,234,567.50", usd("1234567.50")),
    (price, "$1,00,008.99", usd("100008.99")),
    (price, "US$53.99-75.99", usd("53.99", "75.99")),
    (price, "$ 5 - 7", usd("5", "7")),
    (price, "Ask Price", ASK),
    (price, "ask price", ASK),
    (quantity, "Min. order: 10 pieces", (D(10), "piece", "count", D(10))),
    (quantity, "Min. order: 1 piece", (D(1), "piece", "count", D(1))),
    (quantity, "Min. order: 1.03 pieces", (D("1.03"), "piece", "count", D("1.03"))),
    (quantity, "Min. order: 2 dozens", (D(2), "dozen", "count", D(24))),
    (quantity, "Min. order: 2 boxes", (D(2), "box", "count", None)),
    (quantity, "Min. order: 5 acres", (D(5), "acre", "area", D("20234.2821"))),
    (quantity, "100 Piece/Pieces", (D(100), "piece", "count", D(100))),
    (quantity, "7 Twenty-Foot Container", (D(7), "twenty-foot container", "container", D(7))),
    (quantity, "26 Metric Ton/Metric Tons", (D(26), "metric ton", "mass", D(26000))),
    (quantity, "44 Hertz", (D(44), "hertz", "other", None)),
    (quantity, "4200", (D(4200), None, None, None)),
    (quantity, "1,000 sets", (D(1000), "set", "count", None)),
    (number.rate, "86.1%", 0.861),
    (number.rate, "100%", 1.0),
    (number.rate, "0%", 0.0),
    (number.years, "5 yrs", 5),
    (number.years, "1 YR", 1),
    (number.years, "12 YRS", 12),
    (number.hours, "≤2h", 2.0),
    (number.hours, "≤3h response time", 3.0),
    (number.lower_bound_usd, "$10,000+", D(10000)),
    (number.lower_bound_usd, "$1,300,000+", D(1300000)),
    (number.revenue_band, "Below US$1 Million", (None, D(1000000))),
    (number.revenue_band, "Above US$100 Million", (D(100000000), None)),
    (number.revenue_band, "US$1 Million - US$2.5 Million", (D(1000000), D(2500000))),
    (number.count, "(114)", 114),
    (number.count, "1,439", 1439),
    (number.count, "12.0", 12),
    (number.count, "٣", 3),
    (number.days, "15 days", 15),
    (number.days, "7", 7),
    (dates.day, "2021-03-05", date(2021, 3, 5)),
    (dates.day, "13-07-2025", date(2025, 7, 13)),
    (dates.day, "2020-02-29", date(2020, 2, 29)),
    (country, "Pakistan", "PK"),
    (country, "PK", "PK"),
    (country, "pakistan", "PK"),
    (country, "UK", "GB"),
    (country, "United Kingdom", "GB"),
    (country, "NA", "NA"),
    (country, "Namibia", "NA"),
    (country, "Taiwan, China", "TW"),
    (country, "Hong Kong S.A.R.", "HK"),
    (country, "China (Mainland)", "CN"),
    (country, "Russian Federation", "RU"),
    (country, "South Korea", "KR"),
    (country, "Turkey", "TR"),
    (country, "Vietnam", "VN"),
    (country, "Cote D'Ivoire", "CI"),
    (country, "Democratic Republic Of Congo", "CD"),
    (country, "Congo, The Republic of Congo", "CG"),
    (country, "U.S.A.", "US"),
    (word.flag, "Yes", True),
    (word.flag, "N", False),
    (word.flag, "true", True),
    (word.language, "fr_FR", "fr-FR"),
    (word.language, "iw", "he"),
    (word.language, "in", "id"),
    (word.shares, "North America 30%、Mid East 20%", [("North America", 0.3), ("Mid East", 0.2)]),
    (word.shares, "Mid East 50%、Mid East 50%", [("Mid East", 0.5)]),
    (word.listed, "Soccer Balls,Gloves, ,Bats", ["Soccer Balls", "Gloves", "Bats"]),
    (word.business_types, "Manufacturer, Trading Company", ["manufacturer", "trading_company"]),
    (link.seller_id, "http://yzx-sz.en.alibaba.com/company_profile.html#top", "yzx-sz"),
    (link.seller_id, "https://pk14fthn.trustpass.alibaba.com/", "pk14fthn"),
    (link.seller_id, "http://www.alibaba.com/member/tr1408/company_profile.html", "tr1408"),
    (link.product_id, "https://x/product-detail/A-B_1601224713530.html?p=1", "1601224713530"),
]

BAD: list[tuple[Callable[[str], Any], str]] = [
    (price, "call us"),
    (price, "9.90"),
    (price, "€9"),
    (price, "$1,2"),
    (price, "$12,34,56"),
    (price, "$-5"),
    (price, "$1e5"),
    (price, "$5-7-9"),
    (price, "$999999999999999"),
    (quantity, "some pieces"),
    (quantity, "10 zorkmids"),
    (quantity, "10 Piece/Bags"),
    (quantity, "-3 pieces"),
    (quantity, "1e3 pieces"),
    (number.rate, "86.1"),
    (number.rate, "high"),
    (number.years, "many"),
    (number.hours, "2 days"),
    (number.count, "12.5"),
    (number.count, "1.2.3"),
    (number.days, "soon"),
    (number.revenue_band, "North America 30%"),
    (number.revenue_band, "US$1 Million"),
    (number.lower_bound_usd, "€10,000+"),
    (dates.day, "32-13-2025"),
    (dates.day, "2021-02-29"),
    (dates.day, "0000-00-00"),
    (dates.day, "20210305"),
    (dates.day, "yesterday"),
    (country, "Atlantis"),
    (country, "Utopia"),
    (word.flag, "perhaps"),
    (word.language, "?"),
    (word.shares, "North America"),
    (word.shares, "A 60%、B 60%"),
    (word.shares, "A 60%、A 10%"),
    (word.business_types, "Business Type:"),
    (link.seller_id, "https://evil.example/en.alibaba.com"),
    (link.product_id, "https://x/product-detail/A.html"),
]


@pytest.mark.parametrize(("parse", "raw", "means"), GOOD, ids=[f"{c[1]}" for c in GOOD])
def test_means(parse: Callable[[str], Any], raw: str, means: Any) -> None:
    assert parse(raw) == means


@pytest.mark.parametrize(("parse", "raw"), BAD, ids=[f"{c[1]}" for c in BAD])
def test_is_refused(parse: Callable[[str], Any], raw: str) -> None:
    with pytest.raises(Unreadable, match=r"\w"):
        parse(raw)


def test_singular_and_plural_are_one_unit() -> None:
    assert unit("Piece/Pieces") == unit("pieces") == unit("PIECE")
    assert unit("Ton/Tons") != unit("Tonne/Tonnes")


@pytest.mark.parametrize(
    ("raw", "kept"),
    [("", None), ("-", None), (" N/A ", None), ("None", None), ("unknown", None), ("NA", "NA"),
     ("暂无数据", None), ("a\u00a0\u202f b", "a b"), ("Cafe\u0301", "Café"), ("0", "0")],
)  # fmt: skip
def test_null_tokens_and_blanks(raw: str, kept: str | None) -> None:
    assert text.known(raw) == kept


def test_mail_addresses_and_telephones_are_masked() -> None:
    masked = text.masked("call +92 300 123-4567 or a.b@c.pk about 500 pieces of 4x4")
    assert masked == "call [phone] or [mail] about 500 pieces of 4x4"


def test_company_key_joins_two_storefronts_of_one_company() -> None:
    one = text.company_key("Al-Karam Sports (Pvt) Ltd.", "sialkot")
    assert one == text.company_key("AL KARAM SPORTS Private Limited", "sialkot")
    assert one != text.company_key("Al-Karam Sports (Pvt) Ltd.", "lahore")


@pytest.mark.parametrize(
    ("raw", "key", "match"),
    [("Sialkot", "sialkot", "exact"), ("  SIALKOT ", "sialkot", "exact"),
     ("Sialkot Cantt", "sialkot", "alias"), ("سیالکوٹ", "sialkot", "alias"),
     ("Daska", "daska", "exact"), ("Sambrial", "sambrial", "exact"),
     ("Chak 42 GB", None, "none")],
)  # fmt: skip
def test_places(raw: str, key: str | None, match: str) -> None:
    assert place.city(text.even(raw), market("PK")) == (key, match)


def test_a_tehsil_knows_its_district() -> None:
    districts = {p.city_key: p.district for p in market("PK").places}
    assert districts["daska"] == districts["sambrial"] == districts["sialkot"] == "Sialkot"


def test_telephones_keep_their_trunk_zero_on_this_marketplace() -> None:
    key = b"k"
    same = {person.phone_key(t, "PK", key) for t in ("92-052-3551234", "+92 52 3551234")}
    assert len(same) == 1
    assert person.phone_key("+92 52 3551234", "PK", b"other") not in same
    with pytest.raises(Unreadable):
        person.phone_key("12", "PK", key)


def test_midnight_in_karachi_is_the_evening_before_in_utc() -> None:
    posted = dates.posted("2022-07-01T00:30:00+05:00", date(2022, 7, 1), KARACHI)
    assert posted == (datetime(2022, 6, 30, 19, 30, tzinfo=UTC), "second")
    assert market("PK").local_day(posted.at) == date(2022, 7, 1)
    assert market("PK").fiscal_year(date(2022, 7, 1)) == 2023
    assert market("PK").fiscal_year(date(2022, 6, 30)) == 2022


@pytest.mark.parametrize(
    ("raw", "day"),
    [("5 days ago", date(2025, 7, 8)), ("1 days ago", date(2025, 7, 12)),
     ("17 minutes before", date(2025, 7, 13)), ("22 hours before", date(2025, 7, 13)),
     ("Just now", date(2025, 7, 13)), ("08-07-2025", date(2025, 7, 8))],
)  # fmt: skip
def test_relative_times_name_a_day(raw: str, day: date) -> None:
    posted = dates.posted(raw, date(2025, 7, 13), KARACHI)
    assert posted.precision == "day"
    assert market("PK").local_day(posted.at) == day


def test_wall_time_without_a_zone_is_in_the_given_one() -> None:
    assert dates.instant("2021-04-09 15:04:02", PACIFIC) == datetime(
        2021, 4, 9, 22, 4, 2, tzinfo=UTC
    )
