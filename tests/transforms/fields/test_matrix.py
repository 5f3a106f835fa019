"""The matrix: forms of values as exports deliver them, each with the value or the refusal it means.

`matrix/<kind>.toml` was written by hand from the domain. A form goes the way of the pipeline:
`known` makes its blanks and null tokens even, then the kind's parser reads it. Nothing may be read
as another value, and nothing refused for another reason.
"""

import re
import tomllib
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from transforms.fields import Unreadable
from transforms.fields.text import known
from transforms.markets import market

MATRIX = Path(__file__).with_name("matrix")
OUTCOMES = {"expect", "reject", "absent"}

Form = dict[str, Any]
# Text and further arguments to a value; `expect` of the TOML file to the same value.
Read = Callable[[str, Form], Any]
Means = Callable[[Any], Any]


def parser(module: str, name: str) -> Callable[..., Any]:
    """Looked up when a form is read: a parser that is not there fails its own forms alone."""
    found: Callable[..., Any] = getattr(import_module(f"transforms.fields.{module}"), name)
    return found


def plain(module: str, name: str) -> Read:
    """A parser that takes the text alone."""
    return lambda text, args: parser(module, name)(text)


def itself(value: Any) -> Any:
    return value


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def read_price(text: str, args: Form) -> Any:
    got = parser("price", "price")(text, args.get("currency"))
    return got.low, got.high, got.currency, got.tiers, got.unit


def price_means(says: Form) -> Any:
    tiers = tuple((number(t.get("from")), Decimal(t["price"])) for t in says.get("tiers", ()))
    low, high = number(says.get("low")), number(says.get("high"))
    return low, high, says.get("currency"), tiers, says.get("unit")


def read_quantity(text: str, args: Form) -> Any:
    got = parser("quantity", "quantity")(text)
    return got.amount, got.unit, got.dimension, got.base


def quantity_means(says: Form) -> Any:
    base = number(says.get("base"))
    return Decimal(says["amount"]), says.get("unit"), says.get("dimension"), base


def read_day(text: str, args: Form) -> Any:
    return parser("date", "day")(text, args.get("first"))


def read_instant(text: str, args: Form) -> Any:
    zone = ZoneInfo(args.get("zone", "America/Los_Angeles"))
    return parser("date", "instant")(text, zone).isoformat()


def read_posted(text: str, args: Form) -> Any:
    said = args["taken"]
    taken = date.fromisoformat(said) if len(said) == 10 else datetime.fromisoformat(said)
    zone = ZoneInfo(args.get("zone", "Asia/Karachi"))
    at, precision = parser("date", "posted")(text, taken, zone)
    return {"at": at.isoformat(), "precision": precision}


def read_city(text: str, args: Form) -> Any:
    key, match = parser("place", "city")(text, market(args.get("market", "PK")))
    return {"key": key, "match": match}


def read_list(text: str, args: Form) -> Any:
    is_business_type = args.get("field") == "business_type"
    return parser("word", "business_types" if is_business_type else "listed")(text)


def read_rate(text: str, args: Form) -> Any:
    return parser("number", "rate")(text, args.get("unsigned"))


def read_shares(text: str, args: Form) -> Any:
    return parser("word", "shares")(text, args.get("unsigned"))


def read_membership(text: str, args: Form) -> Any:
    return parser("word", "one_of")(text, import_module("transforms.fields.word").MEMBERSHIP)


def read_phone(text: str, args: Form) -> Any:
    return parser("person", "phone_key")(text, args.get("region", "PK"), b"matrix")


def phone_means(says: Form) -> Any:
    return read_phone(says["same_as"], {})


KINDS: dict[str, tuple[Read, Means]] = {
    "band": (
        lambda text, args: tuple(parser("number", "revenue_band")(text)),
        lambda says: (number(says.get("low")), number(says.get("high"))),
    ),
    "bound": (plain("number", "lower_bound_usd"), number),
    "count": (plain("number", "count"), itself),
    "country": (plain("country", "country"), itself),
    "day": (read_day, date.fromisoformat),
    "flag": (plain("word", "flag"), itself),
    "hours": (plain("number", "hours"), itself),
    "identifier": (plain("text", "identifier"), itself),
    "instant": (read_instant, itself),
    "language": (plain("word", "language"), itself),
    "lead_time": (plain("number", "days"), itself),
    "link_product": (plain("link", "product_id"), itself),
    "link_seller": (plain("link", "seller_id"), itself),
    "lists": (read_list, itself),
    "membership": (read_membership, itself),
    "phone": (read_phone, phone_means),
    "place": (read_city, lambda says: {"key": None, **says}),
    "place_country": (plain("country", "country_of_place"), itself),
    "posted": (read_posted, itself),
    "price": (read_price, price_means),
    "quantity": (read_quantity, quantity_means),
    "rate": (read_rate, itself),
    "score": (
        lambda text, args: tuple(parser("number", "score")(text)),
        lambda says: (says["score"], says.get("count")),
    ),
    "shares": (read_shares, lambda says: [tuple(pair) for pair in says]),
    "text": (lambda text, args: text, itself),
    "years": (plain("number", "years"), itself),
}


def arguments(form: Form) -> Form:
    return {key: form[key] for key in sorted(form.keys() - OUTCOMES - {"text", "why"})}


def forms() -> list[tuple[str, Form]]:
    return [
        (path.stem, form)
        for path in sorted(MATRIX.glob("*.toml"))
        for form in tomllib.loads(path.read_text("utf-8"))["form"]
    ]


FORMS = forms()
IDS = [" ".join([kind, form["text"], *arguments(form).values()]) for kind, form in FORMS]


@pytest.mark.parametrize(("kind", "form"), FORMS, ids=IDS)
def test_form(kind: str, form: Form) -> None:
    text = known(form["text"])
    if "absent" in form:
        assert text is None
        return
    assert text is not None, "a null token"
    read, means = KINDS[kind]
    if "reject" in form:
        with pytest.raises(Unreadable) as refused:
            read(text, arguments(form))
        assert str(refused.value) == form["reject"]
        return
    got, meant = read(text, arguments(form)), means(form["expect"])
    assert got == meant
    assert type(got) is type(meant), "1 is no true, a date no datetime"


def test_the_matrix_is_whole() -> None:
    assert len(FORMS) >= 300
    assert {kind for kind, _ in FORMS} == set(KINDS)
    assert [form for _, form in FORMS if len(form.keys() & OUTCOMES) != 1] == []
    seen = [(kind, form["text"], *arguments(form).items()) for kind, form in FORMS]
    assert [form for form in seen if seen.count(form) > 1] == []


def test_plain_prices_are_read_as_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    from transforms.fields import price

    numbers = ("0", "0.00", "7", "08.5", "1.234", "12.3456", "12.34567", "1234567890123456")
    bounds = [
        *numbers,
        *(
            f"{low}{dash}{high}"
            for low in numbers[:5]
            for high in numbers
            for dash in ("-", " - $", "-US $")
        ),
    ]
    behind = ("", "/Piece", " / Bag/Bags", "/-", "/ Twenty-Foot Container", "/thing", "/5 pcs")
    texts = [
        f"{sign}{of}{unit}" for sign in ("$", "US$", "US $") for of in bounds for unit in behind
    ]

    def read(text: str) -> Any:
        price.price.cache_clear()
        try:
            return price.price(text)
        except Unreadable as error:
            return str(error)

    plain = {text: read(text) for text in texts}
    assert sum(isinstance(value, price.Price) for value in plain.values()) > len(texts) // 3
    monkeypatch.setattr(price, "_PLAIN", re.compile("(?!)"))
    assert {text: read(text) for text in texts} == plain
