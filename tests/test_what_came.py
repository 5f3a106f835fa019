"""A figure rests on the columns that came, not on those that the export's layout could have."""

import csv
from datetime import date
from pathlib import Path

from transforms import DATASETS, night
from transforms.sample import write_sample
from transforms.settings import settings
from warehouse.editions import freeze

LAST = date(2022, 6, 30)


def test_a_column_that_did_not_come_makes_no_figure(home: Path) -> None:
    write_sample(home / "exports", LAST, LAST, scale=0.02)
    path = home / "exports" / f"{LAST}" / "sellers.csv"
    (path.parent / "manifest.json").unlink()
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    at = rows[0].index("Orders (6 months)")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([c for i, c in enumerate(r) if i != at] for r in rows)
    for dataset in DATASETS:
        assert night.run(dataset, LAST, settings()).status == "ok"
    with freeze.computed(settings()) as db:
        [found] = db.execute(
            "SELECT online_order_coverage, available.symbol, missing "
            "FROM report.online_order_coverage "
            "JOIN meta.availability AS available USING (edition) "
            "WHERE edition = 'FY2022' AND available.figure = 'online_order_coverage'"
        ).fetchall()
        assert found == (None, "x", "sellers: no orders_6m")
        [(paying,)] = db.execute(
            "SELECT value FROM report.headline WHERE edition = 'FY2022' AND metric = 'paid_sellers'"
        ).fetchall()
        assert paying > 0
