"""What the tables of sellers say: who is there, comes, goes, lists and answers."""

from warehouse.attack.reading import NOTHING, UNKNOWN, Reading, fraction
from warehouse.attack.solver import Name


class SellerFacts(Reading):
    """Equations of the numbers that count sellers, or what sellers of a city do."""

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
