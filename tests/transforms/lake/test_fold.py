"""What a night's fold tells of listings, by two delivered nights."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from transforms import engine
from transforms import night as line
from transforms.engine import quoted
from transforms.lake import Lake
from transforms.lake.account import OF_A_FOLD
from transforms.sample import write_sample
from transforms.settings import Settings, settings
from transforms.storage import read_json

FIRST = date(2022, 6, 29)
SECOND = FIRST + timedelta(1)


def test_of_listings_the_history_tells_who_came_and_went_and_moved(tmp_path: Path) -> None:
    chosen = settings({"OUTLOOK_HOME": f"{tmp_path}", "OUTLOOK_KEY": "a key" * 8})
    write_sample(tmp_path / "exports", FIRST, FIRST, scale=0.003)
    (delivered,) = (tmp_path / "exports" / f"{FIRST}").glob("listings*")
    rows = pd.read_csv(delivered, dtype=str, keep_default_na=False)
    first = folded(chosen, FIRST)
    assert first["counts"] == {"new": len(first["told"])}

    ids = rows["Product ID"].tolist()
    cheaper, moved, sold, gone, *_ = ids
    second = rows.set_index("Product ID")
    top = {number: of for number, (_, of) in chosen.market.categories.items()}
    is_elsewhere = second["Category ID"].map(top) != top[second.loc[moved, "Category ID"]]
    is_of_another = second["Member ID"] != second.loc[sold, "Member ID"]
    second.loc[cheaper, "Price"] = "$3.14"
    second.loc[moved, "Category ID"] = second.loc[is_elsewhere, "Category ID"].iloc[0]
    second.loc[sold, "Member ID"] = second.loc[is_of_another, "Member ID"].iloc[0]
    second = second.drop(gone)
    second.loc["1600000000017"] = second.loc[cheaper]
    (tmp_path / "exports" / f"{SECOND}").mkdir()
    second.reset_index().to_csv(tmp_path / "exports" / f"{SECOND}" / "listings.csv", index=False)

    found = folded(chosen, SECOND)
    assert found["counts"] == {"changed": 3, "gone": 1, "new": 1}
    assert found["told"] == {
        moved: "changed",
        sold: "changed",
        gone: "gone",
        "1600000000017": "new",
    }
    assert found["columns"] == [
        "change",
        "changed_on",
        "product_id",
        "seller_id",
        "top_category_id",
    ]


def folded(chosen: Settings, night: date) -> dict[str, Any]:
    """Loads and folds a night of listings: what its fold counts, and what it tells of which."""
    assert line.run("listings", night, chosen).is_usable
    lake = Lake(chosen.lake)
    folder = chosen.lake / lake.history("listings", night)
    told = read_json(folder / OF_A_FOLD, "")
    assert told
    with engine.in_memory() as db:
        changes = db.execute(f"FROM read_parquet({quoted(folder / 'changes.parquet')})").df()
    return {
        "counts": told["changes"],
        "told": dict(zip(changes["product_id"], changes["change"], strict=True)),
        "columns": list(changes.columns),
    }
