"""What the published tables say of numbers that they withhold, read as equations.

The attacker has every row of every report table of all editions, and knows how the figures hang
together: what adds up to what, which night is the same in two editions, which days two editions
share. Numbers are named by what they count, so that the same one in two tables is one unknown.
"""

from collections import defaultdict
from datetime import date
from itertools import pairwise
from typing import Any

from warehouse.attack.reading import DAY, NOTHING, UNKNOWN, Row, Tables, fraction
from warehouse.attack.sellers import SellerFacts
from warehouse.attack.solver import Name


class Facts(SellerFacts):
    """The equations of all tables together."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self.stocks()
        self.flows()
        self.cohorts()
        self.listings()
        self.listing_flows()
        self.inquiries()
        self.visits()
        self.splits()
        self.answers()
        self.listed()
        self.vintages()

    # Listings

    def listings(self) -> None:
        for row in self.tables["headline"]:
            if row["metric"] in ("live_listings", "listings_ever") and row["as_of"]:
                kind = "live" if row["metric"] == "live_listings" else "ever"
                self.is_number((kind, row["as_of"]), row["value"])
        for row in self.tables["listing_stock_by_month"]:
            if row["census_on"]:
                self.is_number(("live", row["census_on"]), row["live_listings"])
        self.cells(
            "listings_by_category",
            "top_category_id",
            lambda r, k: ("live", r["as_of"], k),
            lambda r: ("live", r["as_of"]),
            of_known=True,
        )
        self.cells(
            "listings_by_city",
            "city_key",
            lambda r, k: ("live of city", r["edition"], k),
            lambda r: ("live", r["as_of"]),
            of_known=True,
        )
        for row in (*self.tables["listing_completeness"], *self.tables["ready_to_ship"]):
            self.split(
                ("has", row["as_of"], row.get("part", "ready")),
                row["numerator"],
                row["denominator"],
            )
            if "part" in row and row["denominator"] is not None:
                self.is_number(("live", row["as_of"]), row["denominator"])
        for table, unit in (("price_level", "price_unit"), ("moq_level", "moq_unit_dimension")):
            cells: dict[Any, list[Row]] = defaultdict(list)
            for row in self.tables[table]:
                if row["top_category_id"] != NOTHING:
                    cells[row["edition"], row["top_category_id"]].append(row)
            for rows in cells.values():
                names = {r[unit]: (table, r["as_of"], r["top_category_id"], r[unit]) for r in rows}
                for row in rows:
                    self.system.at_least(names[row[unit]], 1)
                    self.is_number(names[row[unit]], row["numerator"])
                    if row["coverage"] is not None:
                        whole = fraction(row["coverage"]) * row["denominator"]
                        self.sums(names.values(), round(whole))

    def listing_flows(self) -> None:
        months: dict[date, Row] = {}
        for row in self.tables["listing_flow"]:
            if row["flow_to"]:
                self.is_number((f"listings {row['flow']}", row["flow_to"]), row["listings"])
                months[row["flow_to"]] = row
        for dates, kinds in (
            ("ever", {"new": 1}),
            ("live", {"new": 1, "returned": 1, "dropped": -1}),
        ):
            told = {
                n[1]
                for row, _ in self.system.equations
                for n in row
                if isinstance(n, tuple) and n[0] == dates and len(n) == 2
            }
            for before, after in pairwise(sorted(told)):
                chain, day = [], after
                while day > before and day in months:
                    chain.append(day)
                    day = months[day]["flow_from"]
                if day == before:
                    moved = [
                        ((f"listings {k}", d), -sign) for d in chain for k, sign in kinds.items()
                    ]
                    ends: list[tuple[Name, int]] = [((dates, after), 1), ((dates, before), -1)]
                    self.system.add([*ends, *moved])

    # Inquiries and visits

    def inquiries(self) -> None:
        for row in self.spans_of("inquiry_year", month="inquiry_month"):
            if row["as_of"]:
                self.sums(self.days("inquiries", row), row["inquiries"])
        for row in self.tables["headline"]:
            if row["metric"] == "inquiries" and row["as_of"]:
                self.sums(self.months("inquiries", row["period_from"], row["as_of"]), row["value"])
        for table, key in (
            ("inquiries_by_city", "city_key"),
            ("inquiries_by_country", "buyer_country_iso2"),
        ):
            self.parts_of_inquiries(table, key)
        times = self.spans_of("response_time", month="response_time_by_month")
        for row in times:
            if row["as_of"]:
                part = (row["edition"], row["span"], row["span_from"])
                self.split(
                    ("unreplied", *part),
                    row["unreplied_share_numerator"],
                    row["unreplied_share_denominator"],
                )
        for year in self.tables["response_time"]:
            edition = year["edition"]
            months = self.by_edition("response_time_by_month")[edition]
            for kind in (("unreplied",), ("not", "unreplied")):
                self.sums(
                    [(*kind, edition, "month", r["span_from"]) for r in months],
                    (*kind, edition, "year", year["period_from"]),
                )

    def parts_of_inquiries(self, table: str, key: str) -> None:
        for edition, rows in self.by_edition(table).items():
            first = rows[0]
            if first[key] == NOTHING:
                continue
            days = (first["period_from"], first["as_of"])
            keys = {row[key] for row in rows}
            for row in rows:
                total = (table, edition, row[key])
                self.sums(self.over(*days, table, row[key]), total)
                self.is_number(total, row["numerator"])
                self.system.at_least(total, 1)
            known = [(table, edition, k) for k in keys if k != UNKNOWN]
            for row in rows:
                unknown = [(table, edition, UNKNOWN)] if row[key] == UNKNOWN else []
                self.sums([*known, *unknown], row["denominator"])
                total = (table, edition, row[key])
                self.is_share(total, row["share_of_all"], [(table, edition, k) for k in keys])
                self.is_share(total, row["share_of_known"], known)
            starts = self.segments(*days)
            for start, end in zip(starts, [*(s - DAY for s in starts[1:]), days[1]], strict=True):
                every = {
                    r[key]
                    for r in self.tables[table]
                    if r["as_of"] and r["period_from"] <= start <= r["as_of"]
                }
                if NOTHING not in every:
                    whole = self.months("inquiries", start, end)
                    self.system.add(
                        [*(((table, start, k), 1) for k in every), *((n, -1) for n in whole)]
                    )
                for other in every - keys:
                    self.is_number((table, start, other), 0)

    def visits(self) -> None:
        nights = {r["census_on"] for r in self.tables["listing_stock_by_month"] if r["census_on"]}
        rates = self.spans_of(
            "inquiry_rate", month="inquiry_rate_by_month", week="inquiry_rate_by_week"
        )
        for row in rates:
            if row["as_of"]:
                last = min(row["span_to"], row["as_of"])
                within = [n for n in nights if row["span_from"] <= n <= last]
                for name, column in (("visitors", "denominator"), ("rated", "numerator")):
                    self.sums([(name, n) for n in within], row[column])

    # Stocks as earlier versions told them

    def vintages(self) -> None:
        """Rows of meta.vintage, if given; of a night that today's tables tell of, those count."""
        told = self.system.told()
        kinds = {"paid_sellers": "paid", "live_listings": "live"}
        for row in self.tables.get("vintage", ()):
            name = (kinds.get(row["metric"]), row["as_of"])
            if None not in name and name not in told:
                self.is_number(name, row["value"])
