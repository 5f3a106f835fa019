"""One large night without any dirt, to measure the pipeline by."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np

from transforms.sample.universe.clock import day_number, month_of
from transforms.sample.universe.companies import Companies
from transforms.sample.universe.draw import below, noise
from transforms.sample.universe.inquiries import Flow
from transforms.sample.universe.listings import POSITION_BITS, Listings, Maker
from transforms.sample.universe.moves import NEVER
from transforms.sample.universe.parameters import Parameters, load
from transforms.sample.universe.sellers import Sellers, make_sellers
from transforms.sample.writing import files
from transforms.sample.writing.delivery import in_csv, in_json_array
from transforms.sample.writing.inquiries_text import InquiriesText
from transforms.sample.writing.lines import Text
from transforms.sample.writing.listings_text import HEADER as LISTINGS_HEADER
from transforms.sample.writing.listings_text import ListingsText
from transforms.sample.writing.sellers_text import HEADER as SELLERS_HEADER
from transforms.sample.writing.sellers_text import SellersText

ROWS_OF_A_FILE = 1_000_000
ROWS_AT_A_TIME = 125_000
FILES_AT_ONCE = 2
INQUIRIES = 2_000
OLDEST_DAYS = 720

_SELLER, _AGE = 901, 902  # streams of random numbers


def write_listings_night(
    folder: Path, day: date, rows: int, seed: int = 1, market: str = "PK"
) -> int:
    """Writes `folder/YYYY-MM-DD/` with exactly so many listings, in files of at most a million
    rows, and with sellers (one for 300 listings, and ten) and 2,000 inquiries to match. A file
    that would have exactly as many rows as a page-capped one gets one row more (listings: two
    files instead of one). Listings of an earlier call for the same night are removed. Returns
    the bytes of the listings' files.
    """
    parameters = load(market)
    cap: int = parameters.numbers["deliveries"]["page_cap"]
    number = day_number(day)
    count = _not(cap, rows // 300 + 10)
    sellers, scale = _crowd(parameters, number, count, seed)
    who = np.flatnonzero(sellers.present_on(number))[:count]
    maker = Maker(parameters, sellers, scale, seed)
    companies = Companies(parameters, sellers, seed, number)
    sellers_text = SellersText(parameters, sellers, companies, seed)
    listings_text = ListingsText(maker, sellers_text.ids, seed)
    target = Path(folder) / f"{day}"
    for old in target.glob("listings*.csv.gz"):
        old.unlink()

    def part(name: str, start: int, end: int) -> int:
        def lines() -> Iterator[Text]:
            for first in range(start, end, ROWS_AT_A_TIME):
                last = min(first + ROWS_AT_A_TIME, end)
                yield listings_text.lines(_listings(who, number, first, last, seed), number)

        return files.write(target / name, in_csv(LISTINGS_HEADER, lines())).bytes

    files.write(
        target / "sellers.csv", in_csv(SELLERS_HEADER, iter([sellers_text.lines(who, number)]))
    )
    inquiries = Flow(maker, scale, seed).some(number, _not(cap, INQUIRIES), who)
    objects = InquiriesText(parameters, sellers_text.ids, seed).objects(inquiries, number)
    files.write(target / "inquiries.json", in_json_array(iter([objects])))
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        return sum(pool.map(lambda args: part(*args), _parts(rows, cap)))


def _parts(rows: int, cap: int) -> list[tuple[str, int, int]]:
    """Names of the files, and the first row and the one after the last of each."""
    count = max(1, -(-rows // ROWS_OF_A_FILE), 2 * (rows == cap))
    if count == 1:
        return [("listings.csv.gz", 0, rows)]
    edges = [rows * i // count for i in range(count + 1)]
    return [(f"listings_{i + 1}.csv.gz", edges[i], edges[i + 1]) for i in range(count)]


def _not(cap: int, rows: int) -> int:
    return rows + (rows == cap)


def _crowd(parameters: Parameters, day: int, count: int, seed: int) -> tuple[Sellers, float]:
    """A universe in which at least so many sellers are present on the day, and its scale."""
    scale = 0.1
    while True:
        sellers = make_sellers(parameters, scale, seed)
        present = int(sellers.present_on(day).sum())
        if present >= count:
            return sellers, scale
        scale *= max(1.1, 1.05 * count / max(present, 1))


def _listings(who: np.ndarray, day: int, first: int, last: int, seed: int) -> Listings:
    """Rows `first` to below `last` of the night, all of them live."""
    key = np.arange(first, last, dtype=np.uint64) + np.uint64(month_of(day) << POSITION_BITS)
    draws = noise(key, seed)
    n = last - first
    return Listings(
        key=key,
        noise=draws,
        seller=who[below(noise(draws, _SELLER), len(who))],
        made=day - below(noise(draws, _AGE), OLDEST_DAYS),
        removed=np.full(n, NEVER),
        away_from=np.full(n, NEVER),
        away_until=np.full(n, -1),
    )
