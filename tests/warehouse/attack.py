"""What the published tables say of numbers that they withhold, read as equations.

The attacker has every row of every report table of all editions, and knows how the figures hang
together: what adds up to what, which night is the same in two editions, which days two editions
share. Numbers are named by what they count, so that the same one in two tables is one unknown.
"""

from collections import defaultdict
from datetime import date
from itertools import pairwise
from typing import Any

from tests.warehouse.reading import DAY, NOTHING, UNKNOWN, Reading, Row, Tables, fraction
from tests.warehouse.solver import Name


class Facts(Reading):
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

    # Stocks of sellers

    def stocks(self) -> None:
        for row in self.tables["headline"]:
            if row["metric"] == "paid_sellers" and row["as_of"]:
                self.is_number(("paid", row["as_of"]), row["value"])
        for row in self.tables["seller_growth"]:
            for figure in ("yoy_growth", "cagr"):
                if row[f"{figure}_from"]:
                    self.is_number(("paid", row[f"{figure}_from"]), row[f"{figure}_denominator"])
            if row["as_of"]:
                self.is_number(("paid", row["as_of"]), row["paid_sellers"])
        self.cells(
            "sellers_by_city",
            "city_key",
            lambda r, k: ("city", r["as_of"], k),
            lambda r: ("paid", r["as_of"]),
            of_known=True,
        )
        listed = {r["edition"]: r["as_of"] for r in self.tables["listing_stock"]}
        self.cells(
            "sellers_by_category",
            "top_category_id",
            lambda r, k: ("category", r["as_of"], listed[r["edition"]], k),
            lambda r: ("paid", r["as_of"]),
            of_known=False,
        )
        for row in self.tables["sellers_by_country"]:
            if row["paid_sellers"] is not None:
                self.is_number(
                    ("of country", row["as_of"], row["country_iso2"]), row["paid_sellers"]
                )
        for row in self.tables["seller_companies"]:
            known = ("named", row["as_of"])
            self.is_number(known, row["sellers_per_company_numerator"])
            self.covers(row["sellers_per_company_coverage"], [known], ("paid", row["as_of"]))
        for rows in self.by_edition("participation_gap").values():
            for row in rows:
                cities = {
                    r["city_key"]
                    for r in self.tables["sellers_by_city"]
                    if r["edition"] == row["edition"] and r["city_key"] not in (UNKNOWN, NOTHING)
                }
                if row["numerator"] is not None and row["city_key"] in cities:
                    share = fraction(row["numerator"])
                    whole = [(("city", row["as_of"], c), -share) for c in cities]
                    self.system.add([(("city", row["as_of"], row["city_key"]), 1), *whole])

    # Sellers that come and go

    def flows(self) -> None:
        for row in self.tables["seller_flow"]:
            if row["opened_on"] is None:
                continue
            edition, start = row["edition"], ("paid", row["opened_on"])
            kept, gone = ("kept", edition), ("gone", edition)
            new = self.over(row["period_from"], row["as_of"], "new")
            self.sums(new, row["new_sellers"])
            self.is_number(start, row["sellers_at_start"])
            self.is_number(gone, row["churned_sellers"])
            self.is_number(kept, row["retention_numerator"])
            self.sums([kept, gone], start)
            back, again = ("returned", edition), ("left again", edition)
            ends = [(n, 1) for n in new] + [(kept, 1), (back, 1), (again, -1)]
            self.system.add([*ends, (("paid", row["as_of"]), -1)])
            if row["returned_sellers"] is not None:
                net = fraction(row["returned_sellers"])
                self.system.add([(back, 1), (again, -1)], net)
        for edition, rows in self.by_edition("seller_flow_by_city").items():
            first = rows[0]
            if first["city_key"] == NOTHING:
                continue
            cities = {
                r["city_key"]: None if r["city_key"] == UNKNOWN else r["city_key"] for r in rows
            }
            for row in rows:
                city = cities[row["city_key"]]
                stayed, left = ("kept", edition, city), ("gone", edition, city)
                self.sums(
                    self.over(row["period_from"], row["as_of"], "new", city), row["new_sellers"]
                )
                self.is_number(left, row["churned_sellers"])
                self.is_number(stayed, row["retention_numerator"])
                self.sums([stayed, left], ("city", row["opened_on"], city))
            for kind in ("kept", "gone"):
                self.sums([(kind, edition, c) for c in cities.values()], (kind, edition))
            for opens in self.segments(first["period_from"], first["as_of"]):
                every = {
                    None if r["city_key"] == UNKNOWN else r["city_key"]
                    for r in self.tables["seller_flow_by_city"]
                    if r["as_of"] and r["period_from"] <= opens <= r["as_of"]
                }
                if NOTHING not in every:
                    self.sums([("new", opens, c) for c in every], ("new", opens))
                for other in every - set(cities.values()):
                    self.is_number(("new", opens, other), 0)
            known = [c for c in cities.values() if c]
            new = [
                n for c in known for n in self.over(first["period_from"], first["as_of"], "new", c)
            ]
            if first["new_sellers_coverage"] is not None:
                share = -fraction(first["new_sellers_coverage"])
                whole = self.over(first["period_from"], first["as_of"], "new")
                self.system.add([*((n, 1) for n in new), *((n, share) for n in whole)])

    def cohorts(self) -> None:
        for edition, rows in self.by_edition("partner_cohorts").items():
            first = rows[0]
            if first["channel_partner"] == NOTHING:
                continue
            days = (first["cohort_from"], first["cohort_to"])
            partners = [row["channel_partner"] for row in rows]
            for row in rows:
                partner = row["channel_partner"]
                new = self.over(*days, "joined", partner)
                self.sums(new, row["new_sellers"])
                total = ("joined", edition, partner)
                self.system.at_least(total, 1)
                self.sums(new, total)
                kept = self.over(*days, "stayed", partner)
                left = self.over(*days, "left", partner)
                self.sums(kept, row["retention_12m_numerator"])
                for n, k, x in zip(new, kept, left, strict=True):
                    self.sums([k, x], n)
                self.sums(self.over(*days, "asked", partner), row["inquiries_per_seller_numerator"])
            for start in self.segments(*days):
                every = {
                    r["channel_partner"]
                    for r in self.tables["partner_cohorts"]
                    if r["cohort_from"] <= start <= r["cohort_to"]
                }
                if NOTHING not in every:
                    self.sums([("joined", start, p) for p in every], ("new", start))
                for partner in every - set(partners):
                    self.is_number(("joined", start, partner), 0)
            if first["new_sellers_coverage"] is not None:
                share = 1 - fraction(first["new_sellers_coverage"])
                direct = self.over(*days, "joined", "direct") if "direct" in partners else []
                whole = [(n, -share) for p in partners for n in self.over(*days, "joined", p)]
                self.system.add([*((n, 1) for n in direct), *whole])

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

    # Sellers of two kinds

    def splits(self) -> None:
        for row in self.tables["listings_per_seller"]:
            self.split(
                ("without", row["as_of"], row["edition"]),
                row["no_listings_share_numerator"],
                row["no_listings_share_denominator"],
            )
            self.is_number(("paid", row["as_of"]), row["median_listings_denominator"])
        for row in self.tables["seller_tenure"]:
            self.split(
                ("verified", row["as_of"]),
                row["verified_share_numerator"],
                row["verified_share_denominator"],
            )
            self.is_number(("paid", row["as_of"]), row["median_tenure_years_denominator"])
        for row in self.tables["online_order_coverage"]:
            self.is_number(("order", row["edition"]), row["numerator"])
            self.is_number(("asked", row["edition"]), row["denominator"])
        for row in self.tables["destination_reach"]:
            reach = ("reach", row["edition"])
            self.is_number(reach, row["mean_countries_denominator"])
            self.sums([reach, ("few inquiries", row["edition"])], ("asked", row["edition"]))
            for share in ("ten_countries_share", "four_continents_share"):
                self.split(
                    (share, row["edition"]), row[f"{share}_numerator"], row[f"{share}_denominator"]
                )
        for row in self.tables["response_rate"]:
            self.split(
                ("busy", row["edition"]),
                row["seller_median_numerator"],
                row["seller_median_denominator"],
            )
            self.split(
                ("in time", row["edition"]), row["pooled_numerator"], row["pooled_denominator"]
            )
        for row in self.spans_of("inquiries_per_seller", month="inquiries_per_seller_by_month"):
            part = (row["edition"], row["span"], row["span_from"])
            self.split(
                ("silent", *part), row["zero_share_numerator"], row["zero_share_denominator"]
            )

    # Cities by what their sellers do

    def answers(self) -> None:
        for edition, rows in self.by_edition("response_rate_by_city").items():
            if rows[0]["city_key"] == NOTHING:
                continue
            parts: dict[bool, list[Name]] = {True: [], False: []}  # by whether the city is known
            for row in rows:
                name = ("in time", edition, row["city_key"])
                self.split(name, row["numerator"], row["denominator"])
                parts[row["city_key"] != UNKNOWN] += [name, ("not", *name)]
            for side in (("in time", edition), ("not", "in time", edition)):
                self.sums([(*side, r["city_key"]) for r in rows], side)
            share = -fraction(rows[0]["coverage"])
            every = [(n, share) for n in (*parts[True], *parts[False])]
            self.system.add([*((n, 1) for n in parts[True]), *every])

    def listed(self) -> None:
        table = "sellers_listing_in_category"
        cities = self.by_edition(f"{table}_by_city")
        for edition, rows in self.by_edition(table).items():
            for row in (r for r in rows if r["top_category_id"] != NOTHING):
                name = ("lists", edition, row["top_category_id"])
                self.split(name, row["numerator"], row["denominator"])
                self.sums([name, ("not", *name)], ("paid", row["as_of"]))
                self.system.at_least(name, 1)
                parts = [r for r in cities[edition] if r["top_category_id"] == name[-1]]
                for part in parts:
                    key = part["city_key"]
                    own = (*name, key)
                    self.split(own, part["numerator"], part["denominator"])
                    city = None if key == UNKNOWN else key
                    self.sums([own, ("not", *own)], ("city", row["as_of"], city))
                    self.system.at_least(own, 1)
                self.sums([(*name, r["city_key"]) for r in parts], name)
