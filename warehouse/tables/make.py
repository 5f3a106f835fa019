"""Every table as a market's lake makes it: what a build writes and a frozen edition is held to."""

from collections.abc import Callable
from functools import cache, partial

import duckdb

from transforms import DATASETS, code
from transforms import night as line
from transforms.deliveries import exports
from transforms.lake import Lake, history
from transforms.settings import Settings
from transforms.storage import sha256_of
from warehouse import macros
from warehouse.models import PRIVATE, PUBLISHED, create_macros, models
from warehouse.tables import disclosure, lake_views


def attach_lake(db: duckdb.DuckDBPyConnection, lake: Lake, settings: Settings) -> None:
    """Makes the catalog `lake` of what a market's lake holds; call with its locks held.

    Raises Damaged where a part of it is not what was written and cannot be made again.
    """
    due = partial(exports.due_nights, settings.exports)
    # A damaged part that is met half way is made again, and the catalog is begun anew.
    line.mended(lambda: lake_views.attach(db, lake, settings.market, due), lake, settings)


def make_tables(
    db: duckdb.DuckDBPyConnection, progress: Callable[[str], None] | None = None
) -> None:
    """Runs every model in order; `lake` and the target catalog are attached already."""
    for schema in PRIVATE:
        db.execute(f"ATTACH ':memory:' AS {schema}")
    for schema in PUBLISHED:
        db.execute(f"CREATE SCHEMA {schema}")
    macros.create(db, of_tables=False)
    create_macros(db)
    for model in models():
        try:
            db.execute(f"CREATE TABLE {model.table} AS {model.sql}")
        except duckdb.Error as error:
            error.add_note(f"while making {model.table}")
            raise
        if model.schema == "report":
            disclosure.verify(db, model)
        if progress:
            progress(model.table)


def lake_fingerprint(lake: Lake, settings: Settings) -> str:
    """Hash of all that the warehouse is made from: nights, their folds, the market, the code."""
    says = [f"{code_version()} {settings.market.code}"]
    for dataset in DATASETS:
        for receipt in lake.receipts(dataset):
            of = (receipt.export_date, receipt.exported_at, receipt.revision)
            says.append(repr([of, receipt.status, receipt.content, receipt.reason]))
        for _, _, account in history.folded_nights(lake, dataset)[-1:]:
            says.append(account["name"])
    return sha256_of("".join(says))


@cache
def code_version() -> str:
    """Hash of the code and data that decide what the published file holds."""
    # The page only shows what is in the file.
    return sha256_of(f"{code.code_version()} {code.code_version('warehouse', 'page')}")[:12]
