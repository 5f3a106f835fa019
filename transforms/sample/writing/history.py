"""A history of deliveries: many nights of one universe in a folder, and their truth."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np

from transforms.sample.ledger import Ledger
from transforms.sample.truth import report
from transforms.sample.universe.inquiries import Deliveries, Flow
from transforms.sample.universe.listings import Maker, Stock
from transforms.sample.universe.nights import Range, plan, remembered, with_range
from transforms.sample.universe.parameters import load
from transforms.sample.universe.sellers import make_sellers
from transforms.sample.writing import files
from transforms.sample.writing.delivery import Rows, Texts, Writer
from transforms.sample.writing.inquiries_text import InquiriesText
from transforms.sample.writing.listings_text import ListingsText
from transforms.sample.writing.sellers_text import SellersText

WRITING_AT_ONCE = 2


def write_sample(
    folder: Path,
    first: date,
    last: date,
    *,
    scale: float = 1.0,
    seed: int = 1,
    every: str = "night",
    market: str = "PK",
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Writes the deliveries of all due nights from `first` to `last`, and their truth.

    `every` is "night", "week" (Sundays) or "month" (last days of months). `progress` is told
    (nights done, nights in all). A folder can get several ranges, each later than the last one;
    its `truth.json`, whose path is returned, is then that of all of them together. The bytes
    are the same whenever they are written again.

    Raises ValueError for a range that does not fit, a market without a universe, or a folder
    that holds another universe.
    """
    folder = Path(folder)
    parameters = load(market)
    if scale <= 0:
        raise ValueError(f"scale is {scale}: must be above 0")
    asked = Range(first, last, every)
    ranges = with_range(remembered(folder, seed, scale, market), asked)
    numbers = parameters.numbers
    first_day, last_day = numbers["deliveries"]["first_night"], numbers["deliveries"]["last_night"]
    if first < first_day or last > last_day:
        raise ValueError(f"the universe has nights from {first_day} to {last_day} only")
    nights = plan(ranges, seed, numbers["incidents"], parameters.fiscal_year_starts_in_month)
    due = [night.number for night in nights]

    sellers = make_sellers(parameters, scale, seed)
    maker = Maker(parameters, sellers, scale, seed)
    stock = Stock(maker, due)
    deliveries = Deliveries(Flow(maker, scale, seed), nights)
    sellers_text = SellersText(parameters, sellers, seed, due[-1])
    texts = Texts(
        sellers_text,
        ListingsText(maker, sellers_text.ids, seed),
        InquiriesText(parameters, sellers_text.ids, seed),
    )
    writer = Writer(folder, texts, numbers, seed)
    ledger = Ledger(parameters, maker, nights)
    to_write = [night for night in nights if first <= night.day <= last]
    done = 0

    def finished(job: Future[None]) -> None:
        nonlocal done
        job.result()
        done += 1
        if progress:
            progress(done, len(to_write))

    waiting: list[Future[None]] = []
    with ThreadPoolExecutor(WRITING_AT_ONCE) as pool:
        for night in nights:
            held, live = stock.on(night.number)
            rows = Rows(
                np.flatnonzero(sellers.present_on(night.number)),
                held.take(live),
                deliveries.of(night),
            )
            arranged = writer.arrangements(night, rows)
            ledger.add(night, rows, arranged)
            if night.is_good("listings"):
                first_seen = held.take(stock.first_seen(live))
                ledger.add_first_seen(night, rows.listings, first_seen)
            if first <= night.day <= last:
                waiting.append(pool.submit(writer.write, night, rows, arranged))
            if len(waiting) > WRITING_AT_ONCE:
                finished(waiting.pop(0))
        for job in waiting:
            finished(job)

    files.write_json(folder / "calendar.json", [stretch.as_json() for stretch in ranges])
    files.write_json(
        folder / "sample.json",
        {
            "seed": seed,
            "scale": scale,
            "market": market,
            "ranges": [stretch.as_json() for stretch in ranges],
        },
    )
    tables = report(parameters, sellers, ledger, sellers_text)
    truth = {"report": tables, "nights": ledger.nights}
    files.write_json(folder / "truth.json", truth)
    return folder / "truth.json"
