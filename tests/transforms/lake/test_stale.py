"""An earlier night's export delivered again as another's: held, in whatever order they come."""

import gzip
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.transforms.read.test_formats import FORMATS, Row, as_json
from tests.transforms.test_shapes import table_of
from transforms import DATASETS, night
from transforms.lake import Lake
from transforms.lake.receipt import Receipt, Warned
from transforms.settings import settings

FIRST = date(2022, 6, 28)
NIGHTS = [FIRST + timedelta(n) for n in range(4)]
HELD_FROM = {"sellers": 500, "listings": 10, "inquiries": 1}


def table(dataset: str, day: int = 0, count: int | None = None) -> tuple[list[str], list[Row]]:
    """The dataset's rows of one day, as many as are held; each day says something else."""
    headers, rows = table_of(dataset, HELD_FROM[dataset] if count is None else count)
    place = {"sellers": 1, "listings": 2, "inquiries": 4}[dataset]
    return headers, [[*r[:place], f"{r[place]} of day {day}", *r[place + 1 :]] for r in rows]


def deliver(home: Path, on: date, name: str, content: bytes) -> None:
    folder = home / "exports" / f"{on}"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{name.partition('.')[0].partition('_')[0]}*"):
        old.unlink()
    (folder / name).write_bytes(content)


def run(dataset: str, *nights: date) -> list[Receipt]:
    for on in nights:
        night.run(dataset, on, settings())
    lake = Lake(settings().lake)
    return [r for on in sorted(nights) if (r := lake.receipt(dataset, on))]


def as_csv(headers: list[str], rows: list[Row]) -> bytes:
    return FORMATS["comma"][1](headers, rows)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("dataset", DATASETS)
def test_the_same_bytes_are_held_whichever_comes_first(
    dataset: str, order: int, home: Path
) -> None:
    """The day of the earlier export date counts, were it a week ago; later ones do not."""
    for on, day in zip(NIGHTS, (0, 1, 0, 0), strict=True):
        deliver(home, on, f"{dataset}.csv", as_csv(*table(dataset, day)))
    found = run(dataset, *NIGHTS[::order])
    assert [r.status for r in found] == ["ok", "ok", "held", "held"]
    assert found[2].reason == f"stale: the same bytes as {FIRST}"
    # The right delivery of that night takes its place, and counts.
    deliver(home, NIGHTS[2], f"{dataset}.csv", as_csv(*table(dataset, 2)))
    assert [r.status for r in run(dataset, *NIGHTS)] == ["ok", "ok", "ok", "held"]


def reordered(headers: list[str], rows: list[Row]) -> bytes:
    return as_csv(headers[::-1], [row[::-1] for row in rows[::-1]])


def exported_anew(headers: list[str], rows: list[Row]) -> bytes:
    line = f"Exported at 2022-06-29 05:00{',' * (len(headers) - 1)}\r\n".encode()
    return line + as_csv(headers, rows).replace(b"\n", b"\r\n")


AGAIN: dict[str, tuple[str, Callable[[list[str], list[Row]], bytes], str]] = {
    "another name": ("_of_today.csv", as_csv, "the same bytes as"),
    "packed": (".csv.gz", lambda h, r: gzip.compress(as_csv(h, r)), "the same bytes as"),
    "another order": (".csv", reordered, "the same rows as"),
    "exported anew": (".csv", exported_anew, "the same rows as"),
    "another format": (".xlsx", FORMATS["workbook"][1], "the same rows as"),
    "objects": (".json", as_json, "the same rows as"),
}


@pytest.mark.parametrize("form", AGAIN)
@pytest.mark.parametrize("dataset", DATASETS)
def test_the_same_in_another_guise_is_held(dataset: str, form: str, home: Path) -> None:
    ending, write, reason = AGAIN[form]
    deliver(home, FIRST, f"{dataset}.csv", as_csv(*table(dataset)))
    deliver(home, NIGHTS[1], f"{dataset}{ending}", write(*table(dataset)))
    first, second = run(dataset, *NIGHTS[:2])
    assert (first.status, second.status) == ("ok", "held")
    assert (second.reason or "").startswith(f"stale: {reason} {FIRST}")


@pytest.mark.parametrize("dataset", ["sellers", "listings"])
def test_a_few_rows_may_stay_as_they_were(dataset: str, home: Path) -> None:
    content = as_csv(*table(dataset, count=HELD_FROM[dataset] - 1))
    for on in NIGHTS[:2]:
        deliver(home, on, f"{dataset}.csv", content)
    second = run(dataset, *NIGHTS[:2])[1]
    assert second.status == "ok"
    assert Warned("same_as_before", None, HELD_FROM[dataset] - 1) in second.warnings


def test_nights_without_inquiries_are_all_alike(home: Path) -> None:
    for on in NIGHTS:
        deliver(home, on, "inquiries.csv", as_csv(*table("inquiries", count=0)))
    assert [(r.status, r.warnings) for r in run("inquiries", *NIGHTS)] == [("ok", ())] * 4


def test_one_file_of_several_may_be_stale(home: Path) -> None:
    headers, rows = table("listings", count=40)
    deliver(home, FIRST, "listings.csv", as_csv(headers, rows[:20]))
    deliver(home, NIGHTS[1], "listings_a.csv", as_csv(headers, rows[:20]))
    (home / "exports" / f"{NIGHTS[1]}" / "listings_b.csv").write_bytes(as_csv(headers, rows[20:]))
    second = run("listings", *NIGHTS[:2])[1]
    assert second.reason == f"stale: listings_a.csv has the same bytes as {FIRST}"


def test_a_held_night_is_no_measure(home: Path) -> None:
    """What a gate holds does not count, so that the same bytes a night later are the first."""
    headers, rows = table("listings", count=30)
    bad = as_csv(headers, [["none", *row[1:]] if n < 10 else row for n, row in enumerate(rows)])
    for on in NIGHTS[:2]:
        deliver(home, on, "listings.csv", bad)
    assert [(r.reason or "").partition(":")[0] for r in run("listings", *NIGHTS[:2])] == [
        "10 of 30 rows rejected (33%, allowed 5%); most often"
    ] * 2


def test_somebody_may_release_it(home: Path) -> None:
    for on in NIGHTS[:2]:
        deliver(home, on, "listings.csv", as_csv(*table("listings")))
    assert run("listings", *NIGHTS[:2])[1].status == "held"
    assert night.release(NIGHTS[1], settings(), "me", "nothing moved") == ["listings"]
    receipt = Lake(settings().lake).receipt("listings", NIGHTS[1])
    assert receipt and receipt.status == "ok"
