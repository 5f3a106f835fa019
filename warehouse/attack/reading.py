"""How a published row becomes an equation: numbers, sums, shares and stretches of days."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from warehouse.attack.solver import Name, System

Row = dict[str, Any]
Tables = dict[str, list[Row]]

UNKNOWN = "unknown"
NOTHING = "not_available"
DENOMINATORS = 10**7  # coverage is a fraction of whole numbers below this
DAY = timedelta(1)


def fraction(value: float) -> Fraction:
    """The ratio of whole numbers that was published as a decimal number."""
    return Fraction(value).limit_denominator(DENOMINATORS)


class Reading:
    """The rows of all tables, and what they have told so far."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.system = System()
        self.editions = {row["edition"]: row for row in tables["headline"]}

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

    def spans_of(self, table: str, **others: str) -> list[Row]:
        """Rows of a table of years and of the tables of its other spans, each with its days."""
        years = [
            {**r, "span": "year", "span_from": r["period_from"], "span_to": r["period_to"]}
            for r in self.tables[table]
        ]
        return years + [
            {**r, "span": span} for span, name in others.items() for r in self.tables[name]
        ]

    def cells(
        self,
        table: str,
        key: str,
        name: Callable[[Row, str | None], Name],
        whole: Callable[[Row], Name],
        *,
        of_known: bool,
    ) -> None:
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
                own = parts.get(row[key], rest)
                self.is_share(own, row["share_of_all"], [*parts.values(), rest])
                self.is_share(own, row["share_of_known"], parts.values())
            self.covers(rows[0]["coverage"], parts.values(), whole(rows[0]))

    def is_share(self, part: Name, share: float | None, of: Iterable[Name]) -> None:
        """A number is that share of what others add up to, whoever else tells either."""
        if share is not None:
            self.system.add([(part, 1), *((name, -fraction(share)) for name in of)])

    def covers(self, coverage: float | None, parts: Iterable[Name], whole: Name) -> None:
        """Coverage is what is known of the whole."""
        if coverage is not None:
            self.system.add([*((part, 1) for part in parts), (whole, -fraction(coverage))])

    def split(self, name: tuple[Any, ...], part: float | None, whole: float | None) -> None:
        """Two classes, of which one is shown."""
        self.is_number(name, part)
        self.sums([name, ("not", *name)], whole)

    def segments(self, first: date, last: date) -> list[date]:
        """First days of the stretches into which all editions cut these days."""
        edges = set()
        for row in self.editions.values():
            for start, end in self.spans(row["edition"]):
                edges |= {start, end + DAY}
        return sorted({first, *(e for e in edges if first < e <= last)})

    def end_of(self, start: date, *, month: bool = False) -> date:
        """Last day of the stretch that begins so."""
        edges = {
            e
            for row in self.editions.values()
            for span in self.spans(row["edition"])
            for e in (span[0], span[1] + DAY)
        }
        if month:
            edges.add((start.replace(day=1) + timedelta(32)).replace(day=1))
        return min(e for e in edges if e > start) - DAY

    def spans(self, edition: str) -> list[tuple[date, date]]:
        """Days that some figure of the edition is about: its year, up to each as-of date."""
        row = self.editions[edition]
        ends = {row["period_to"]}
        for table in ("headline", "inquiry_year", "listing_stock"):
            ends |= {r["as_of"] for r in self.tables[table] if r["edition"] == edition}
        before = row["period_from"].replace(year=row["period_from"].year - 1)
        years = [(row["period_from"], end) for end in ends if end]
        return [*years, (before, row["period_from"] - DAY)]

    def over(self, first: date, last: date, *name: Any) -> list[Name]:
        """A number of some days as the sum over the stretches of them."""
        return [(name[0], start, *name[1:]) for start in self.segments(first, last)]

    def months(self, name: str, first: date, last: date) -> list[Name]:
        """Stretches of days that neither an edition nor a month cuts."""
        cuts, day = set(self.segments(first, last)), first
        while day <= last:
            cuts.add(max(day, first))
            day = (day.replace(day=1) + timedelta(32)).replace(day=1)
        return [(name, cut) for cut in sorted(cuts)]

    def days(self, name: str, row: Row) -> list[Name]:
        return self.months(name, row["span_from"], min(row["span_to"], row["as_of"]))
