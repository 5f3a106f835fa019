"""What the published tables say of numbers that they withhold, read as equations.

The attacker has every row of every report table of all editions, and knows how the figures hang
together: what adds up to what, which night is the same in two editions, which days two editions
share. Numbers are named by what they count, so that the same one in two tables is one unknown.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.warehouse.solver import Name, System

Row = dict[str, Any]
Tables = dict[str, list[Row]]

UNKNOWN = "unknown"
NOTHING = "not_available"
DENOMINATORS = 10**7  # coverage is a fraction of whole numbers below this
DAY = timedelta(1)


def attack(tables: Tables) -> dict[Name, Fraction]:
    """Every number that the rows leave no choice about."""
    return Facts(tables).system.worked_out()


def fraction(value: float) -> Fraction:
    """The ratio of whole numbers that was published as a decimal number."""
    return Fraction(value).limit_denominator(DENOMINATORS)


class Facts:
    """The equations of all tables together."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.system = System()
        self.editions = {row["edition"]: row for row in tables["headline"]}
        self.stocks()
        self.flows()
        self.cohorts()
        self.listings()
        self.listing_flows()
        self.inquiries()
        self.visits()
        self.splits()

    def is_number(self, name: Name, value: float | None) -> None:
        if value is not None:
            self.system.add([(name, 1)], fraction(value))

    def sums(self, names: Iterable[Name], whole: Name | float | None) -> None:
        """Parts that add up to another unknown, or to a number."""
        parts: list[tuple[Name, int]] = [(name, 1) for name in names]
        if isinstance(whole, int | float):
            self.system.add(parts, fraction(whole))
        elif whole is not None:
            self.system.add([*parts, (whole, -1)])

    def by_edition(self, table: str) -> dict[str, list[Row]]:
        found = defaultdict(list)
        for row in self.tables[table]:
            found[row["edition"]].append(row)
        return found

    def cells(
        self, table: str, key: str, name: Callable[[Row, str | None], Name],
        whole: Callable[[Row], Name], *, of_known: bool,
    ) -> None:  # fmt: skip
        """A table of shares: its cells, the unknown ones, and what they add up to."""
        for rows in self.by_edition(table).values():
            if rows[0][key] == NOTHING:
                continue
            named = [row for row in rows if row[key] != UNKNOWN]
            parts = {row[key]: name(row, row[key]) for row in named}
            for row in named:
                self.system.at_least(parts[row[key]], 1)
                self.is_number(parts[row[key]], row["numerator"])
            rest = name(rows[0], None)
            unknown = [row["numerator"] for row in rows if row[key] == UNKNOWN]
            self.is_number(rest, unknown[0] if unknown else 0)
            self.sums([*parts.values(), rest], whole(rows[0]))
            for row in rows:
                is_of_known = of_known and row[key] != UNKNOWN
                self.sums([*parts.values(), *([] if is_of_known else [rest])], row["denominator"])
            self.covers(rows[0]["coverage"], parts.values(), whole(rows[0]))

    def covers(self, coverage: float | None, parts: Iterable[Name], whole: Name) -> None:
        """Coverage is what is known of the whole."""
        if coverage is not None:
            self.system.add([*((part, 1) for part in parts), (whole, -fraction(coverage))])

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
            "sellers_by_city", "city_key", lambda r, k: ("city", r["as_of"], k),
            lambda r: ("paid", r["as_of"]), of_known=True,
        )  # fmt: skip
        listed = {r["edition"]: r["as_of"] for r in self.tables["listing_stock"]}
        self.cells(
            "sellers_by_category", "top_category_id",
            lambda r, k: ("category", r["as_of"], listed[r["edition"]], k),
            lambda r: ("paid", r["as_of"]), of_known=False,
        )  # fmt: skip
        for row in self.tables["seller_companies"]:
            known = ("named", row["as_of"])
            self.is_number(known, row["sellers_per_company_numerator"])
            self.covers(row["sellers_per_company_coverage"], [known], ("paid", row["as_of"]))
        for rows in self.by_edition("participation_gap").values():
            for row in rows:
                cities = {
                    r["city_key"] for r in self.tables["sellers_by_city"]
                    if r["edition"] == row["edition"] and r["city_key"] not in (UNKNOWN, NOTHING)
                }  # fmt: skip
                if row["numerator"] is not None and row["city_key"] in cities:
                    share = fraction(row["numerator"])
                    whole = [(("city", row["as_of"], c), -share) for c in cities]
                    self.system.add([(("city", row["as_of"], row["city_key"]), 1), *whole])

    # Sellers that come and go

    def segments(self, first: date, last: date) -> list[date]:
        """First days of the stretches into which all editions cut these days."""
        edges = set()
        for row in self.editions.values():
            for start, end in self.spans(row["edition"]):
                edges |= {start, end + DAY}
        return sorted({first, *(e for e in edges if first < e <= last)})

    def end_of(self, start: date, *, month: bool = False) -> date:
        """Last day of the stretch that begins so."""
        edges = {e for row in self.editions.values() for span in self.spans(row["edition"])
                 for e in (span[0], span[1] + DAY)}  # fmt: skip
        if month:
            edges.add((start.replace(day=1) + timedelta(32)).replace(day=1))
        return min(e for e in edges if e > start) - DAY

    def spans(self, edition: str) -> list[tuple[date, date]]:
        """Days that some figure of the edition is about: its year, up to each as-of date."""
        row = self.editions[edition]
        ends = {row["period_to"]}
        for table in ("headline", "inquiry_flow", "listing_stock"):
            ends |= {r["as_of"] for r in self.tables[table] if r["edition"] == edition}
        before = row["period_from"].replace(year=row["period_from"].year - 1)
        years = [(row["period_from"], end) for end in ends if end]
        return [*years, (before, row["period_from"] - DAY)]

    def over(self, first: date, last: date, *name: Any) -> list[Name]:
        """A number of some days as the sum over the stretches of them."""
        return [(name[0], start, *name[1:]) for start in self.segments(first, last)]

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
        for edition, rows in self.by_edition("seller_flow_by_city").items():
            first = rows[0]
            if first["city_key"] == NOTHING:
                continue
            cities = {r["city_key"]: None if r["city_key"] == UNKNOWN else r["city_key"]
                      for r in rows}  # fmt: skip
            for row in rows:
                city = cities[row["city_key"]]
                kept, gone = ("kept", edition, city), ("gone", edition, city)
                self.sums(self.over(row["period_from"], row["as_of"], "new", city),
                          row["new_sellers"])  # fmt: skip
                self.is_number(gone, row["churned_sellers"])
                self.is_number(kept, row["retention_numerator"])
                self.sums([kept, gone], ("city", row["opened_on"], city))
            for kind in ("kept", "gone"):
                self.sums([(kind, edition, c) for c in cities.values()], (kind, edition))
            for start in self.segments(first["period_from"], first["as_of"]):
                every = {
                    None if r["city_key"] == UNKNOWN else r["city_key"]
                    for r in self.tables["seller_flow_by_city"]
                    if r["as_of"] and r["period_from"] <= start <= r["as_of"]
                }  # fmt: skip
                if NOTHING not in every:
                    self.sums([("new", start, c) for c in every], ("new", start))
                for city in every - set(cities.values()):
                    self.is_number(("new", start, city), 0)
            known = [c for c in cities.values() if c]
            new = [n for c in known for n in self.over(first["period_from"], first["as_of"],
                                                       "new", c)]  # fmt: skip
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
                self.sums(self.over(*days, "asked", partner),
                          row["inquiries_per_seller_numerator"])  # fmt: skip
            for start in self.segments(*days):
                every = {
                    r["channel_partner"] for r in self.tables["partner_cohorts"]
                    if r["cohort_from"] <= start <= r["cohort_to"]
                }  # fmt: skip
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
            "listings_by_category", "top_category_id", lambda r, k: ("live", r["as_of"], k),
            lambda r: ("live", r["as_of"]), of_known=True,
        )  # fmt: skip
        for row in (*self.tables["listing_completeness"], *self.tables["ready_to_ship"]):
            self.split(("has", row["as_of"], row.get("part", "ready")), row["numerator"],
                       row["denominator"])  # fmt: skip
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

    def split(self, name: tuple[Any, ...], part: float | None, whole: float | None) -> None:
        """Two classes, of which one is shown."""
        self.is_number(name, part)
        self.sums([name, ("not", *name)], whole)

    def listing_flows(self) -> None:
        months: dict[date, Row] = {}
        for row in self.tables["listing_flow"]:
            if row["flow_to"]:
                self.is_number((f"listings {row['flow']}", row["flow_to"]), row["listings"])
                months[row["flow_to"]] = row
        for dates, kinds in (
            ("ever", {"new": 1}), ("live", {"new": 1, "returned": 1, "dropped": -1}),
        ):  # fmt: skip
            told = {n[1] for row, _ in self.system.equations for n in row
                    if isinstance(n, tuple) and n[0] == dates and len(n) == 2}  # fmt: skip
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
        for row in self.tables["inquiry_flow"]:
            if row["as_of"]:
                self.sums(self.days("inquiries", row), row["inquiries"])
        for row in self.tables["headline"]:
            if row["metric"] == "inquiries" and row["as_of"]:
                self.sums(self.months("inquiries", row["period_from"], row["as_of"]), row["value"])
        for table, key in (("inquiries_by_city", "city_key"),
                           ("inquiries_by_country", "buyer_country_iso2")):  # fmt: skip
            self.parts_of_inquiries(table, key)
        for row in self.tables["response_time"]:
            if row["as_of"]:
                part = (row["edition"], row["span"], row["span_from"])
                self.split(("unreplied", *part), row["unreplied_share_numerator"],
                           row["unreplied_share_denominator"])  # fmt: skip
        for edition, rows in self.by_edition("response_time").items():
            months = [r["span_from"] for r in rows if r["span"] == "month"]
            year = next(r for r in rows if r["span"] == "year")
            for kind in (("unreplied",), ("not", "unreplied")):
                self.sums([(*kind, edition, "month", m) for m in months],
                          (*kind, edition, "year", year["span_from"]))  # fmt: skip

    def days(self, name: str, row: Row) -> list[Name]:
        return self.months(name, row["span_from"], min(row["span_to"], row["as_of"]))

    def months(self, name: str, first: date, last: date) -> list[Name]:
        """Stretches of days that neither an edition nor a month cuts."""
        cuts, day = set(self.segments(first, last)), first
        while day <= last:
            cuts.add(max(day, first))
            day = (day.replace(day=1) + timedelta(32)).replace(day=1)
        return [(name, cut) for cut in sorted(cuts)]

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
            starts = self.segments(*days)
            for start, end in zip(starts, [*(s - DAY for s in starts[1:]), days[1]], strict=True):
                every = {
                    r[key] for r in self.tables[table]
                    if r["as_of"] and r["period_from"] <= start <= r["as_of"]
                }  # fmt: skip
                if NOTHING not in every:
                    whole = self.months("inquiries", start, end)
                    self.system.add([*(((table, start, k), 1) for k in every),
                                     *((n, -1) for n in whole)])  # fmt: skip
                for other in every - keys:
                    self.is_number((table, start, other), 0)

    def visits(self) -> None:
        nights = {r["census_on"] for r in self.tables["listing_stock_by_month"] if r["census_on"]}
        for row in self.tables["inquiry_rate"]:
            if row["as_of"]:
                within = [n for n in nights
                          if row["span_from"] <= n <= min(row["span_to"], row["as_of"])]  # fmt: skip
                for name, column in (("visitors", "denominator"), ("rated", "numerator")):
                    self.sums([(name, n) for n in within], row[column])

    # Sellers of two kinds

    def splits(self) -> None:
        for row in self.tables["listings_per_seller"]:
            self.split(("without", row["as_of"], row["edition"]),
                       row["no_listings_share_numerator"],
                       row["no_listings_share_denominator"])  # fmt: skip
            self.is_number(("paid", row["as_of"]), row["median_listings_denominator"])
        for row in self.tables["seller_tenure"]:
            self.split(("verified", row["as_of"]), row["verified_share_numerator"],
                       row["verified_share_denominator"])  # fmt: skip
            self.is_number(("paid", row["as_of"]), row["median_tenure_years_denominator"])
        for row in self.tables["online_order_coverage"]:
            self.is_number(("order", row["edition"]), row["numerator"])
            self.is_number(("asked", row["edition"]), row["denominator"])
        for row in self.tables["destination_reach"]:
            reach = ("reach", row["edition"])
            self.is_number(reach, row["mean_countries_denominator"])
            self.sums([reach, ("few inquiries", row["edition"])], ("asked", row["edition"]))
            for share in ("ten_countries_share", "four_continents_share"):
                self.split((share, row["edition"]), row[f"{share}_numerator"],
                           row[f"{share}_denominator"])  # fmt: skip
        for row in self.tables["response_rate"]:
            self.split(("busy", row["edition"]), row["seller_median_numerator"],
                       row["seller_median_denominator"])  # fmt: skip
            self.split(("in time", row["edition"]), row["pooled_numerator"],
                       row["pooled_denominator"])  # fmt: skip
        for row in self.tables["inquiries_per_seller"]:
            part = (row["edition"], row["span"], row["span_from"])
            self.split(("silent", *part), row["zero_share_numerator"],
                       row["zero_share_denominator"])  # fmt: skip
