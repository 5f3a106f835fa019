"""What is done to a column at once, beside the same done to each of its texts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transforms.clean import CLEANERS, Context, memory
from transforms.clean.prices import dollars
from transforms.clean.texts import texts
from transforms.clean.times import FORMS, wall_times
from transforms.fields.date import instant
from transforms.fields.price import price
from transforms.fields.text import NULLS, has_control, known, repaired, seen
from transforms.markets import market

PACIFIC = ZoneInfo("America/Los_Angeles")
PIECES = ["N/A", "na", "Na", "-", "none", "&amp;", "&", ";", " ", "  ", "é", "CafÃ©", "\x00"]
PIECES += [
    "\u200b",
    "\u00a0",
    "(",
    ")",
    '"',
    "'",
    "[",
    "_",
    "a",
    "Z",
    "7",
    "~",
    "\\",
    "]",
    "^",
    "\t",
]
WORDS = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
ANY = st.one_of(WORDS, st.sampled_from(sorted(NULLS)).map(str.upper), st.text(max_size=8))


@settings(max_examples=200)
@given(st.lists(st.one_of(st.none(), ANY), max_size=6), st.booleans())
@example(["nan nan", "Nan Nan", "NA", "Na", "--", "#N/A", "x x"], True)
def test_texts_are_made_even_as_one_alone_is(delivered: list[str | None], is_country: bool) -> None:
    found = texts(pa.array(delivered, pa.string()), is_country)
    each = [None if text is None else repaired(text) for text in delivered]
    even = [None if text is None else known(text, is_country) for text in each]
    assert found.by_row(found.even).to_pylist() == even
    kept = [None if e is None else seen(d or "") for d, e in zip(delivered, even, strict=True)]
    assert found.by_row(found.as_delivered()).to_pylist() == kept
    is_repaired = [one != text for one, text in zip(each, delivered, strict=True)]
    assert found.rows(found.repaired).tolist() == is_repaired
    controls = [text is not None and has_control(text) for text in each]
    assert found.rows(found.have_controls).tolist() == controls


def test_texts_that_all_differ_are_made_even_too() -> None:
    delivered = [f"Title  {i}" for i in range(2_000)] + ["N/A", "Title  1", None]
    found = texts(pa.array(delivered, pa.string()))
    assert found.codes is None
    even = [*(f"Title {i}" for i in range(2_000)), None, "Title 1", None]
    assert found.by_row(found.even).to_pylist() == even


FIRST = datetime(2022, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, 366 * 24 * 60).map(lambda m: FIRST + timedelta(minutes=m))
WRITTEN = st.tuples(TIMES, st.sampled_from(sorted({f for of in FORMS.values() for f in of})))
ODD_TIMES = [
    "2022-02-30 10:00:00",
    "2022-3-5 1:02:03",
    "1970-01-01 00:00:00",
    "9999-01-01",
    "",
    "x",
]
ODD_TIMES += ["2022-03-13 02:30:00", "2022-11-06 01:30:00", "31/12/2022", "02/30/2022 10:00"]
ODD_TIMES += ["2022-06-01T10:00:00+05:00", "2022-06-01 24:00:00", "2022-06-01 10:00:60", "20220601"]


@pytest.mark.parametrize("first", [None, "day", "month", "both"])
@given(st.lists(st.one_of(WRITTEN.map(lambda t: t[0].strftime(t[1])), st.sampled_from(ODD_TIMES))))
@example(ODD_TIMES)
def test_times_are_read_as_one_alone_is(first: str | None, written: list[str]) -> None:
    found = wall_times(pa.array(written, pa.string()), PACIFIC, first).to_pylist()
    for text, at in zip(written, found, strict=True):
        if at is not None:
            assert at == instant(text, PACIFIC, first)


def test_usual_times_are_read_at_once() -> None:
    for first, forms in FORMS.items():
        written = [datetime(2022, 12, 31, 23, 58).strftime(form) for form in forms]
        assert wall_times(pa.array(written), PACIFIC, first).null_count == 0


AMOUNTS = ["0", "00", "3.5", "0.00", "12", "1,000", "99999999999999", "999999999999999", "1.23456"]
MONEY = [
    "$",
    "US$",
    "US $",
    "USD",
    "-",
    " - ",
    "/",
    " ",
    ".",
    "\u0663",
    "\x1f",
    "\x1fUSD",
    "\x1fPKR",
]
MONEY += ["Piece", "/Pair/Pairs", "/blorb", "for"]
PRICES = st.lists(st.sampled_from([*AMOUNTS, *MONEY]), min_size=1, max_size=8).map("".join)
USUAL_PRICES = ["$3.5", "US$3.5-4", "US $3-$4.25/Piece", "$0-0", "$5-0/Pair/Pairs", "$3\x1fUSD"]


def price_alone(written: str) -> list[object]:
    text, _, currency = written.partition("\x1f")
    found = price(text, currency or None)
    return [found.low, found.high, found.currency, None, found.unit]


@settings(max_examples=300)
@given(st.lists(PRICES, max_size=20))
def test_prices_are_read_as_one_alone_is(written: list[str]) -> None:
    found = zip(*(c.to_pylist() for c in dollars(pa.array(written, pa.string()))), strict=True)
    for text, at_once in zip(written, found, strict=True):
        if at_once[0] is not None:
            assert list(at_once) == price_alone(text)


def test_usual_prices_are_read_at_once() -> None:
    found = zip(*(c.to_pylist() for c in dollars(pa.array(USUAL_PRICES))), strict=True)
    assert list(map(list, found)) == list(map(price_alone, USUAL_PRICES))


@pytest.mark.parametrize(
    "written", [USUAL_PRICES[:-1], ["", None], ["$1", "Ask Price", "$x", None]]
)
def test_prices_keep_their_rows(written: list[str | None]) -> None:
    """Those read at once, those read alone, and those that no parser can read."""
    raw = pd.DataFrame({"product_id": "1600123456", "title": "Hat", "price": written}, dtype="str")
    found = CLEANERS["listings"](raw, Context(date(2022, 6, 30), market("PK"), b"key"))
    lows = [price(t).low if t and t != "$x" else None for t in written]
    assert found.rows["price_min"].to_pylist() == lows
    assert found.problems["row"].tolist() == [i for i, t in enumerate(written) if t == "$x"]


@pytest.mark.parametrize("most", [0, 3, 100])
def test_what_is_remembered_of_a_batch_changes_no_other(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MOST", most)
    rows = [
        {"product_id": f"1600{i:06}", "title": "Hat", "price": f"${i % 7}", "moq": f"{i % 5} boxs"}
        for i in range(60)
    ]
    raw = pd.DataFrame(rows, dtype="str")
    context = Context(date(2022, 6, 30), market("PK"), b"key")
    alone = CLEANERS["listings"](raw, context)
    parts = [raw.iloc[i : i + 20].reset_index(drop=True) for i in range(0, 60, 20)]
    found = [CLEANERS["listings"](part, context) for part in parts]
    assert pa.concat_tables([c.rows for c in found]).equals(alone.rows)
    problems = [c.problems.assign(row=c.problems["row"] + 20 * i) for i, c in enumerate(found)]
    by = ["row", "column"]
    pd.testing.assert_frame_equal(
        pd.concat(problems).sort_values(by, ignore_index=True),
        alone.problems.sort_values(by, ignore_index=True),
    )
    assert len(alone.problems)


def test_what_another_file_shows_makes_another_memory() -> None:
    context = Context(date(2022, 6, 30), market("PK"), b"key")
    assert replace(context, evidence={"created": "day"}).memory is not context.memory
