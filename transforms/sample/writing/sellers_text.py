"""`sellers.csv` of a night: the census of sellers as the marketplace writes it."""

import re
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.sample.universe.companies import Companies, one_of
from transforms.sample.universe.draw import Ints, Weighted, below, noise, unit
from transforms.sample.universe.moves import (
    MARKET,
    NEVER,
    NOT_IN_GAZETTEER,
    UNKNOWN_COUNTRY,
    Whereabouts,
)
from transforms.sample.universe.parameters import Parameters
from transforms.sample.universe.sellers import YEAR, Mask, Sellers
from transforms.sample.writing.lines import Text, csv_line, dated, edited, joined, taken, text

END = "\r\n"
COLUMNS = (
    "Member ID",
    "Company Name",
    "Store Link",
    "Country/Region",
    "Province/State",
    "City",
    "Membership",
    "Paid From",
    "Paid To",
    "Years",
    "Verified",
    "Channel Partner",
    "Main Category ID",
    "Main Products",
    "Business Type",
    "Total Revenue",
    "Response Rate",
    "Response Time",
    "On-time Delivery Rate",
    "Store Rating",
    "Orders (6 months)",
    "Order Value (6 months)",
    "Top 3 Markets",
    "Contact Name",
    "Phone",
)
HEADER = "\ufeff" + csv_line(COLUMNS, END)

_AT = {name: place for place, name in enumerate(COLUMNS)}
_RATE, _YEARS = 502, 503  # streams of random numbers


class SellersText:
    """Writes the rows of sellers; what does not change from night to night is written once."""

    def __init__(
        self, parameters: Parameters, sellers: Sellers, companies: Companies, seed: int
    ) -> None:
        self._parameters = parameters
        self._p = parameters.numbers["sellers"]
        self._seed = seed
        self._sellers = sellers
        self._companies = companies
        self._count = len(companies)

    def lines(self, who: Ints, day: int) -> Text:
        """The rows of these sellers on that night."""
        sellers = self._sellers
        paid = sellers.paid_on(day)[who]
        start, end = (days[who] for days in sellers.last_paid_stretch(day))
        ever = start <= day
        names = list(self._p["memberships"])
        texts = text([self._p["membership_texts"][name] for name in [*names, "free"]])
        key = noise(who.astype(np.uint64), self._seed, day)
        running = np.clip((day - start) / YEAR, 0, 40).astype(np.int64) + 1
        rate = np.where(
            unit(noise(key, _RATE)) < self._dirt["response_rate_187"],
            len(_RATES) - 1,
            self._rate[who],
        )
        years = np.where(
            unit(noise(key, _YEARS)) < self._dirt["years_many"], len(_YEARS_TEXTS) - 1, running
        )
        years = np.where(paid, years, 0)
        return joined(
            taken(self._before, np.where(sellers.moves_on[who] <= day, self._row_later[who], who)),
            taken(texts, np.where(paid, sellers.membership[who], len(names))),
            ",",
            _or_empty(dated(start), ever),
            ",",
            _or_empty(dated(end), ever),
            ",",
            taken(text(_YEARS_TEXTS), years),
            taken(self._between, who),
            taken(text(_RATES), rate),
            taken(self._after, who),
        )

    def extra(self, lines: Text, kinds: list[str]) -> Text:
        """Bad rows and duplicates, made of good ones."""
        return edited(lines, kinds, _damaged, END)

    def misplaced(self, lines: Text) -> Text:
        """The same sellers, each in a city it is not in."""
        names = [place.city for place in self._parameters.places]

        def moved(row: list[str], _: str) -> list[str]:
            here = row[_AT["City"]].strip()
            row[_AT["City"]] = names[-1] if here != names[-1] else names[0]
            return row

        return edited(lines, [""] * len(lines), moved, END)

    @property
    def _dirt(self) -> dict[str, Any]:
        dirt: dict[str, Any] = self._parameters.numbers["dirt"]
        return dirt

    @cached_property
    def _rate(self) -> Ints:
        return below(noise(self._companies.keys, 1), len(_RATES) - 1)

    @cached_property
    def ids(self) -> Text:
        """Storefront names: the marketplace's own numbers, or the company's name and a number."""
        ids = []
        for i, (name, draw) in enumerate(
            zip(self._companies.names, noise(self._companies.keys, 7).tolist(), strict=True)
        ):
            if draw % 5 < 2:
                slug = re.sub("[^a-z0-9]+", "-", name.split("(")[0].lower())[:24]
                ids.append(f"{slug.strip('-')}-{i + 7}")
            else:
                letters = "".join(chr(97 + draw // 7**k % 26) for k in range(2, 6))
                ids.append(f"{self._prefix(i)}{10**9 + draw // 31 % 10**9}{letters}{i}")
        return text(ids)

    def _prefix(self, seller: int) -> str:
        if (other := int(self._sellers.first.country[seller])) >= 0:
            return str(self._p["other_countries"][other]["iso2"]).lower()
        return self._parameters.market.lower()

    @cached_property
    def _movers(self) -> Ints:
        return np.flatnonzero(self._sellers.moves_on[: self._count] != NEVER)

    @cached_property
    def _row_later(self) -> Ints:
        """Where the row of a seller that has moved stands in `_before`."""
        rows = np.zeros(len(self._sellers), np.int64)
        rows[self._movers] = self._count + np.arange(len(self._movers))
        return rows

    @cached_property
    def _before(self) -> Text:
        """Everybody at first, and then those who move, where they are later."""
        countries = Weighted(list(self._p["country_texts"].values()))
        names = list(self._p["country_texts"])
        spelt = countries.pick(unit(noise(self._companies.keys, 2))).tolist()
        draws = noise(self._companies.keys, 3).tolist()
        ids = self.ids.to_pylist()
        at_first = [(i, self._sellers.first) for i in range(self._count)]
        rows = []
        for i, at in [*at_first, *((i, self._sellers.later) for i in self._movers.tolist())]:
            seller_id = ids[i]
            country, province, city = self._place(i, at, names[spelt[i]], draws[i])
            link = f"https://{seller_id}.trustpass.alibaba.com/company_profile.html"
            rows.append((seller_id, self._companies.names[i], link, country, province, city, ""))
        return text(csv_line(row, "") for row in rows)

    def _place(self, seller: int, at: Whereabouts, market: str, draw: int) -> tuple[str, str, str]:
        """Country, province and city as somebody typed them."""
        places = self._parameters.places
        if at.origin[seller] == UNKNOWN_COUNTRY:
            return str(self._p["unknown_country_text"]), "", ""
        if at.origin[seller] != MARKET:
            other = self._p["other_countries"][int(at.country[seller])]
            return other["text"], "", other["cities"][draw % len(other["cities"])]
        city = int(at.city[seller])
        if city == NOT_IN_GAZETTEER:
            strange = self._parameters.words["sellers"]["places_nobody_knows"]
            city_text, province = strange[draw % len(strange)]
            return market, province, city_text
        if city < 0:
            return market, "", ""
        place = places[city]
        way, draw = draw % 20, draw // 20
        spelling = place.city
        if way == 0:
            spelling = place.city.upper()
        elif way == 1:
            spelling = place.city.lower()
        elif way == 2:
            spelling = f"  {place.city} "
        elif way in (3, 4) and place.aliases:
            spelling = place.aliases[draw % len(place.aliases)]
        elif way == 5 and place.aliases:
            spelling = place.aliases[draw % len(place.aliases)].title()
        elif way == 6:
            spelling = f"{place.city}, {place.province}, {market}"
        elif way == 7:
            lowest = 10 ** (self._p["postcode_digits"] - 1)
            spelling = f"{place.city.upper()}-{lowest + draw % (9 * lowest)}"
        return market, place.province if draw % 5 else "", spelling

    @cached_property
    def _between(self) -> Text:
        words = self._parameters.words
        partners = [*words["partners"]["names"], ""]
        tops = self._parameters.top_categories
        verified = [name.startswith("verified") for name in self._p["memberships"]]
        rows = []
        for i, draw in enumerate(noise(self._companies.keys, 4).tolist()):
            top = tops[self._sellers.top_category[i]]
            products = self._products(self._sellers.top_category[i])
            few = 1 + draw % 4
            rows.append(
                (
                    "",
                    "Yes" if verified[self._sellers.membership[i]] else "No",
                    partners[self._sellers.partner[i]],
                    top,
                    ",".join(products[(draw // 4 + k) % len(products)] for k in range(few)),
                    one_of(words["sellers"]["business_types"], draw // 64),
                    one_of(words["sellers"]["revenues"], draw // 1024),
                    "",
                )
            )
        return text(csv_line(row, "") for row in rows)

    def _products(self, top: int) -> list[str]:
        nouns = self._parameters.words["listings"]["nouns"]
        mine = [leaf for leaf, parent in self._parameters.leaves if parent == top]
        words = [noun.split(",")[0] for leaf in mine for noun in nouns.get(leaf, ())]
        return words or list(nouns["other"])

    @cached_property
    def _after(self) -> Text:
        words = self._parameters.words
        markets, people = words["sellers"]["markets"], words["people"]
        phones = words["sellers"]["phones"]
        rows = []
        for draw, orders in zip(
            noise(self._companies.keys, 5).tolist(), self._companies.orders_6m.tolist(), strict=True
        ):
            given, family = one_of(people["given"], draw), one_of(people["family"], draw // 16)
            first = draw // 256 % len(markets)
            top3 = "、".join(
                f"{markets[(first + k) % len(markets)]} {share}%"
                for k, share in enumerate((30, 20, 10))
            )
            number = 1_000_000 + draw // 4096 % 9_000_000
            phone = phones["mobile" if draw // 7 % 3 else "landline"].format(
                two=draw // 29 % 50, seven=number, local=3_000_000 + number // 10
            )
            rows.append(
                (
                    "",
                    f"≤{1 + draw // 11 % 12}h",
                    f"{90 + draw // 13 % 101 / 10:.1f}%",
                    f"{4 + draw // 17 % 11 / 10:.1f}" if draw % 9 else "",
                    str(orders) if orders >= 0 else "-",
                    one_of(words["sellers"]["order_values"], draw // 23),
                    top3,
                    f"{given} {family}",
                    phone,
                )
            )
        return text(csv_line(row, END) for row in rows)


_RATES = ["", "100%", *(f"{k / 10}%" for k in range(551, 999, 4)), "187%"]
_YEARS_TEXTS = ["", "1 yr", *(f"{k} yrs" for k in range(2, 42)), "many"]


def _or_empty(values: Text, wanted: Mask) -> Text:
    return pc.if_else(pa.array(wanted), values, "")


def _damaged(row: list[str], kind: str) -> list[str]:
    if kind == "no_id":
        row[_AT["Member ID"]] = row[_AT["Store Link"]] = ""
    elif kind == "malformed_id":
        row[_AT["Member ID"]], row[_AT["Store Link"]] = "??bad id??", ""
    elif kind == "ragged":
        return row[:14]
    elif kind == "blanked":
        row[_AT["Response Rate"]] = row[_AT["Store Rating"]] = ""
    return row
