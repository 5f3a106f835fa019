"""Makes every table from a market's lake, for a build or to compare a frozen edition with."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path, PurePosixPath

import duckdb

from transforms import DATASETS
from transforms import night as line
from transforms.code import TRANSFORMS, code_version
from transforms.lake import Lake, history
from transforms.settings import Settings
from transforms.storage import sha256_of
from warehouse import macros
from warehouse.models import PRIVATE, PUBLISHED, Model, create_macros, models
from warehouse.tables import disclosure, lake_views
from warehouse.tables.nights import are_generated, due_nights

WAREHOUSE = Path(__file__).parents[1]
# Folders of code and data that determine the published file.
MADE_BY = (
    TRANSFORMS,
    *(WAREHOUSE / folder for folder in ("models", "macros", "tables", "editions", "build")),
)

# Listings ever seen from which a second thread helps: of a million a build takes a third less time
# and a twentieth more CPU, of 127,000 hardly less time and a quarter more CPU. Daily facts do not
# count: a build copies those of finished months.
LISTINGS_FOR_THREADS = 500_000


@contextmanager
def settled(
    lake: Lake, settings: Settings, anew: bool = False, thorough: bool = False
) -> Iterator[None]:
    """Judges every night and updates the history, `anew` from the partitions, with locks held.

    With `thorough` every file of the history is compared with its hash. A night committed while
    tables are being made would be in some of them and not in others.
    """
    with ExitStack() as held:
        for dataset in DATASETS:
            held.enter_context(lake.lock(dataset))
            if anew:
                with lake.final_step(dataset):
                    lake.place.delete(PurePosixPath("history", dataset), settings.work)
            line.settle(lake, dataset, settings, thorough)
        yield


def attach_lake(
    db: duckdb.DuckDBPyConnection, lake: Lake, settings: Settings, night: date | None
) -> None:
    """Makes the catalog `lake` from a market's nights up to `night`; call with the locks held.

    Raises Damaged if a part has changed since it was written and cannot be made again.
    """
    due, is_sample = due_nights(settings), are_generated(settings)

    def attach() -> None:
        if night:
            for dataset in DATASETS:
                history.state_after(lake, dataset, night, settings)
        lake_views.attach(db, lake.as_of(night), settings.market, due, is_sample)

    # If a damaged part turns up half way, it is made again and the catalog starts afresh.
    line.mended(attach, lake, settings)
    listings, _ = lake_views.size(db)
    if listings < LISTINGS_FOR_THREADS:
        db.execute("SET threads = 1")


def make_tables(
    db: duckdb.DuckDBPyConnection,
    progress: Callable[[str], None] | None = None,
    of: Sequence[Model] | None = None,
) -> None:
    """Runs every model in order, or these; `lake` and the target catalog must be attached."""
    for schema in PRIVATE:
        db.execute(f"ATTACH ':memory:' AS {schema}")
    for schema in PUBLISHED:
        db.execute(f"CREATE SCHEMA {schema}")
    macros.create(db, of_tables=False)
    create_macros(db)
    made = models() if of is None else of
    for model in made:
        try:
            db.execute(f"CREATE TABLE {model.table} AS {model.sql}")
        except duckdb.Error as error:
            error.add_note(f"while making {model.table}")
            raise
        if progress:
            progress(model.table)
    disclosure.verify(db, *(model for model in made if model.schema == "report"))


def lake_fingerprint(lake: Lake, settings: Settings, night: date | None) -> str:
    """Hash of everything that a warehouse up to `night` is made from: nights, history, market,
    code."""
    lake = lake.as_of(night)
    says = [f"{code_version(*MADE_BY)} {settings.market.code}"]
    for dataset in DATASETS:
        for receipt in lake.receipts(dataset):
            of = (receipt.export_date, receipt.exported_at, receipt.revision)
            says.append(repr([of, receipt.status, receipt.content, receipt.reason]))
        says += [link.name for link in history.chain(lake, dataset)[-1:]]
    return sha256_of("".join(says))
