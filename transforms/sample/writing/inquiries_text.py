"""`inquiries.json` of a night: inquiries as the marketplace writes them."""

import json
from collections.abc import Iterable
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.sample.universe import clock
from transforms.sample.universe.draw import Ints, Keys, Weighted, below, noise, unit
from transforms.sample.universe.inquiries import NO_COUNTRY, NO_REPLY, UNKNOWN_COUNTRY, Inquiries
from transforms.sample.universe.listings import product_ids
from transforms.sample.universe.parameters import Parameters
from transforms.sample.universe.sellers import Mask
from transforms.sample.writing.lines import Text, joined, numbered, taken, text

_ID, _SUBJECT, _NOUN, _QUANTITY, _UNIT, _SPELLING, _ZONE = range(701, 708)


class InquiriesText:
    """Writes one JSON object per inquiry, as text."""

    def __init__(self, parameters: Parameters, seller_ids: Text, seed: int) -> None:
        self._words = parameters.words["inquiries"]
        self._buyers = parameters.buyer_names()
        self._nouns = parameters.words["listings"]["nouns"]
        self._p = parameters.numbers["inquiries"]
        self._classes = parameters.numbers["listings"]["id_classes"]
        self._ahead = clock.offset_seconds(parameters.time_zone)
        self._sellers = seller_ids
        self._seed = seed

    def objects(self, inquiries: Inquiries, day: int) -> Text:
        """Their state at the end of that local day."""
        draws = noise(inquiries.key, self._seed)
        end = (day + 1) * clock.DAY - self._ahead
        is_replied = (inquiries.replied != NO_REPLY) & (inquiries.replied < end)
        in_utc = unit(noise(draws, _ZONE)) < self._p["in_utc"]
        is_auto = is_replied & inquiries.is_auto
        received = self._instants(inquiries.received, in_utc)
        products = numbered(product_ids(inquiries.product, self._classes, self._seed))
        return joined(
            '{"inquiry_id": "',
            numbered(inquiry_ids(inquiries.key, self._seed)),
            '", "channel": "',
            taken(text(["inquiry", "tm"]), inquiries.is_tm.astype(np.int64)),
            '", "member_id": "',
            taken(self._sellers, inquiries.seller),
            '", "product_id": ',
            _or_null(_quoted(products), inquiries.product > 0),
            ', "subject": ',
            _any_of(self._subjects, noise(draws, _SUBJECT)),
            _any_of(self._amounts, noise(draws, _QUANTITY)),
            ', "buyer_name": ',
            taken(self._names, inquiries.buyer),
            ', "buyer_country": ',
            taken(self._countries, self._country(inquiries, draws)),
            ', "received_at": ',
            pc.if_else(
                pa.array(inquiries.is_dated), received, json.dumps(self._p["unknown_date_text"])
            ),
            ', "first_reply_at": ',
            _or_null(self._instants(inquiries.replied, in_utc), is_replied),
            ', "is_spam": ',
            _flags(inquiries.is_spam),
            ', "is_auto_reply": ',
            _flags(is_auto),
            ', "language": ',
            taken(self._languages, inquiries.country + 2),
            "}",
        )

    def extra(self, objects: Text, kinds: list[str]) -> Text:
        """Bad rows and duplicates, made of good ones."""
        return text(
            _damaged(written, kind)
            for written, kind in zip(objects.to_pylist(), kinds, strict=True)
        )

    def _instants(self, seconds: Ints, in_utc: Mask) -> Text:
        """ISO 8601 with the offset, quoted."""
        hours, minutes = divmod(self._ahead // 60, 60)
        local = pa.array((seconds + self._ahead).astype("datetime64[s]"))
        utc = pa.array(seconds.astype("datetime64[s]"))
        return pc.if_else(
            pa.array(in_utc),
            pc.strftime(utc, '"%Y-%m-%dT%H:%M:%S+00:00"'),
            pc.strftime(local, f'"%Y-%m-%dT%H:%M:%S+{hours:02d}:{minutes:02d}"'),
        )

    def _country(self, inquiries: Inquiries, draws: Keys) -> Ints:
        """Position of the country's spelling in the pool of spellings."""
        start, count = self._spellings
        spelling = start[inquiries.country] + below(
            noise(draws, _SPELLING), count[inquiries.country]
        )
        spelling = np.where(inquiries.country == NO_COUNTRY, 0, spelling)
        return np.where(inquiries.country == UNKNOWN_COUNTRY, 1, spelling)

    @cached_property
    def _spellings(self) -> tuple[Ints, Ints]:
        count = np.array([len(country["texts"]) for country in self._words["countries"]])
        return np.cumsum(count) - count + 2, count

    @cached_property
    def _countries(self) -> Text:
        spelt = [name for country in self._words["countries"] for name in country["texts"]]
        return _json(["", self._p["unknown_country_text"], *spelt])

    @cached_property
    def _languages(self) -> Text:
        """By position of the country plus 2: the unknown and the missing one come first."""
        return _json(["en_US", "en_US", *(c["language"] for c in self._words["countries"])])

    @cached_property
    def _subjects(self) -> Text:
        nouns = [noun for several in self._nouns.values() for noun in several]
        return _json(
            subject.format(noun.lower()) for subject in self._words["subjects"] for noun in nouns
        )

    @cached_property
    def _names(self) -> Text:
        return _json(self._buyers)

    @cached_property
    def _amounts(self) -> Text:
        """Quantity and unit, the quantity as a number or as text, or both null."""
        size = 1000
        keys = np.arange(size, dtype=np.uint64)
        how = Weighted(
            [
                self._p["no_quantity"],
                self._p["quantity_as_text"],
                1 - self._p["no_quantity"] - self._p["quantity_as_text"],
            ]
        ).pick(unit(noise(keys, _QUANTITY)))
        many = below(noise(keys, _QUANTITY, 1), len(self._words["quantities"]))
        units = below(noise(keys, _UNIT), len(self._words["units"]))
        amounts = []
        for kind, place, unit_place in zip(how, many, units, strict=True):
            quantity = self._words["quantities"][place]
            amount = (None, f"{quantity:,}" if quantity % 2000 else f"{quantity}", quantity)[kind]
            named = self._words["units"][unit_place] if kind else None
            amounts.append(f', "quantity": {json.dumps(amount)}, "unit": {json.dumps(named)}')
        return text(amounts)


def inquiry_ids(keys: Keys, seed: int) -> Ints:
    """A number of 10 to 12 digits per inquiry, different for different inquiries."""
    odd = np.uint64(0x2545F491)
    scattered = (keys * odd & np.uint64(2**32 - 1)).astype(np.int64)
    base = np.array([1_000_000_000, 20_000_000_000, 300_000_000_000])
    return base[Weighted([0.3, 0.5, 0.2]).pick(unit(noise(keys, seed, _ID)))] + scattered


def _json(values: Iterable[str]) -> Text:
    return text(json.dumps(value, ensure_ascii=False) for value in values)


def _any_of(pool: Text, numbers: Keys) -> Text:
    return taken(pool, below(numbers, len(pool)))


def _quoted(values: Text) -> Text:
    return joined('"', values, '"')


def _or_null(values: Text, wanted: Mask) -> Text:
    return pc.if_else(pa.array(wanted), values, "null")


def _flags(values: Mask) -> Text:
    return taken(text(["false", "true"]), values.astype(np.int64))


def _damaged(written: str, kind: str) -> str:
    row = json.loads(written)
    if kind == "no_subject":
        row["subject"] = "" if row["inquiry_id"][-1] in "02468" else None
    elif kind == "fax":
        row["channel"] = "fax"
    elif kind == "blanked":
        row["quantity"] = row["unit"] = None
    return json.dumps(row, ensure_ascii=False)
