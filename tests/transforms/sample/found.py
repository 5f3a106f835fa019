"""What the files of a sample hold, read by rules written anew here."""

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from tests.oracle import truth

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Facts:
    """What is to be known of a market beforehand: its names, its fiscal year 2022, its hours."""

    names: frozenset[str]
    opens: str
    closes: str
    ahead: timedelta

    def local_day(self, instant: str) -> str:
        moment = datetime.fromisoformat(instant).astimezone(timezone(self.ahead))
        return f"{moment.date()}"


FACTS = {
    "PK": Facts(
        frozenset({"Pakistan", "pakistan", "PK"}), "2021-07-01", "2022-06-30", timedelta(hours=5)
    ),
    "IN": Facts(
        frozenset({"India", "india", "IN"}),
        "2021-04-01",
        "2022-03-31",
        timedelta(hours=5, minutes=30),
    ),
}


def facts_of(folder: Path) -> Facts:
    return FACTS[json.loads((folder / "sample.json").read_text("utf-8"))["market"]]


@cache
def truth_of(folder: Path) -> dict[str, Any]:
    """The truth about a folder to which nothing is added any more."""
    return truth(folder)


def delivery(folder: Path, night: str) -> Path:
    """The folder of the delivery that counts."""
    again = folder / f"{night}.r2"
    return again if again.is_dir() else folder / night


def table(path: Path) -> Rows:
    """Every row of a file; a row with too few cells lacks the last ones."""
    data = path.read_bytes()
    if path.suffix == ".json":
        rows: Rows = json.loads(data)
        return rows
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    cells = csv.reader(io.StringIO(text, newline=""))
    header = next(cells)
    return [dict(zip(header, row, strict=False)) for row in cells]


def dataset(folder: Path, night: str, name: str) -> tuple[Rows, Rows, int]:
    """All rows, the good ones (each once), and how many are bad, by rules written anew here."""
    rows = [row for path in sorted(delivery(folder, night).glob(f"{name}*")) for row in table(path)]
    good = [row for row in rows if _is_good(name, row)]
    key = {"sellers": "Member ID", "listings": "Product ID", "inquiries": "inquiry_id"}[name]
    return rows, list({row[key]: row for row in good}.values()), len(rows) - len(good)


def _is_good(name: str, row: dict[str, Any]) -> bool:
    if name == "sellers":
        return "Phone" in row and re.fullmatch("[a-z0-9-]+", row["Member ID"]) is not None
    if name == "listings":
        is_known = re.fullmatch(r"\d{9,14}", row["Product ID"]) is not None
        return "Bookmarks" in row and is_known and len(row["Title"]) >= 3
    return bool(row["subject"]) and row["channel"] in ("inquiry", "tm")


@dataclass
class Found:
    """The good rows of a whole sample."""

    counts: dict[tuple[str, str], tuple[int, int, int]] = field(default_factory=dict)
    countries: dict[str, str] = field(default_factory=dict)  # the last that was said
    countries_then: dict[str, str] = field(default_factory=dict)  # by the end of fiscal 2022
    first_seen: dict[str, str] = field(default_factory=dict)
    inquiries: dict[str, dict[str, Any]] = field(default_factory=dict)
    last: dict[str, Rows] = field(default_factory=dict)


@cache
def found_in(folder: Path) -> Found:
    found = Found()
    for night, name, counts in delivered(truth_of(folder)):
        if counts["status"] == "missing":
            continue
        rows, good, bad = dataset(folder, night, name)
        found.counts[night, name] = (len(rows), len(good), bad)
        if counts["status"] == "held":
            continue
        found.last[name] = good
        for row in good:
            if name == "sellers":
                found.countries[row["Member ID"]] = row["Country/Region"]
                if night <= facts_of(folder).closes:
                    found.countries_then[row["Member ID"]] = row["Country/Region"]
            elif name == "listings":
                found.first_seen.setdefault(row["Product ID"], row["Member ID"])
            else:
                found.inquiries[row["inquiry_id"]] = row
    return found


def delivered(truth: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for night, of_night in sorted(truth["nights"].items()):
        for name, counts in of_night.items():
            yield night, name, counts
