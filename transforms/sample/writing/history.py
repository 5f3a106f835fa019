"""A history of deliveries: many nights of one universe in a folder."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path

from transforms.sample.universe import recipe
from transforms.sample.universe.deliveries import Universe
from transforms.sample.universe.nights import Range
from transforms.sample.universe.recipe import Recipe
from transforms.sample.writing import files
from transforms.sample.writing.delivery import Writer

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
) -> None:
    """Writes the deliveries of all due nights from `first` to `last`, their calendar, and
    `sample.json`, which says how they were made.

    `every` is "night", "week" (Sundays) or "month" (last days of months). `progress` is told
    (nights done, nights in all). A folder can get several ranges, each later than the last one.
    The bytes are the same whenever they are written again.

    Raises ValueError for a range that does not fit, a market without a universe, or a folder
    that holds another universe.
    """
    folder = Path(folder)
    known = recipe.continued(folder, Recipe(seed, scale, market))
    made_of = known.with_range(Range(first, last, every))
    universe = Universe(made_of)
    writer = Writer(folder, universe)
    to_write = [night for night in universe.nights if first <= night.day <= last]
    done = 0

    def finished(job: Future[None]) -> None:
        nonlocal done
        job.result()
        done += 1
        if progress:
            progress(done, len(to_write))

    waiting: list[Future[None]] = []
    with ThreadPoolExecutor(WRITING_AT_ONCE) as pool:
        for night, rows in universe.rows(to_write):
            waiting.append(pool.submit(writer.write, night, rows))
            if len(waiting) > WRITING_AT_ONCE:
                finished(waiting.pop(0))
        for job in waiting:
            finished(job)
    files.write_json(folder / "calendar.json", made_of.calendar())
    files.write_json(folder / recipe.FILE, made_of.as_json())
