"""pandas as most would write it: the whole file as a frame of text."""

from pathlib import Path

import pandas as pd

from tests.bench.peers import CATEGORIES, COLUMNS, LEAD, METRICS, MOQ, PRICE, STATUS, ZONE

_EMPTY = ["", "-"]


def run(files: list[Path], out: Path) -> None:
    """Writes both files."""
    read = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in files]
    rows = pd.concat(read, ignore_index=True).fillna("")
    rows["source_row"] = range(1, len(rows) + 1)
    rows["title"] = rows["Title"].str.replace(r"\s+", " ", regex=True).str.strip()
    reason = pd.Series(None, index=rows.index, dtype=object)
    for text, is_so in (
        ("title: too short", rows["title"].str.len() < 3),
        ("title: missing", rows["title"].isin(_EMPTY)),
        ("product_id: malformed", ~rows["Product ID"].str.fullmatch("[0-9]{8,17}")),
        ("product_id: missing", rows["Product ID"].isin(_EMPTY)),
        ("fields: 24 instead of 25", rows["Bookmarks"] == ""),
    ):
        reason[is_so] = text
    rows["reason"] = reason
    is_bad = rows["reason"].notna()
    rows[is_bad].drop(columns="title").to_parquet(out / "rejected.parquet", compression="zstd")
    good = rows[~is_bad]
    good = good.assign(filled=(~good[list(COLUMNS)].isin(_EMPTY)).sum(axis=1))
    good = good.sort_values(["filled", "source_row"], ascending=[False, True])
    good = good.drop_duplicates("Product ID").sort_values("source_row")
    _typed(good).to_parquet(out / "accepted.parquet", compression="zstd")


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    categories = pd.read_csv(CATEGORIES, dtype=str).set_index("category_id")["top_category_id"]
    price, moq = rows["Price"].str.extract(PRICE), rows["MOQ"].str.extract(MOQ)
    yes = {"Y": True, "N": False}
    made = pd.DataFrame(
        {
            "product_id": rows["Product ID"],
            "seller_id": rows["Member ID"],
            "title": rows["title"],
            "category_id": rows["Category ID"],
            "top_category_id": rows["Category ID"].map(categories),
            "status": rows["Status"].map(STATUS),
            "product_type": rows["Product Type"],
            "is_listed": rows["Display"].map(yes),
            "is_rts": rows["Ready to Ship"].map(yes),
            "is_showcase": rows["Showcase"].map(yes),
            "is_p4p": rows["P4P"].map(yes),
            "price_raw": rows["Price"],
            "price_min": _number(price[0]),
            "price_max": _number(price[1].fillna(price[0])),
            "price_unit": price[2].str.lower(),
            "moq": _number(moq[0]),
            "moq_unit": moq[1].str.lower(),
            "lead_time_days": _number(rows["Lead Time"].str.extract(LEAD)[0]),
            "review_score": _number(rows["Review Score"]).replace(0, float("nan")),
            "review_count": _number(rows["Reviews"]),
            "gmt_create": _instant(rows["Created"]),
            "gmt_modified": _instant(rows["Modified"]),
        }
    )
    return made.assign(
        **{name: _number(rows[c]) for c, name in METRICS.items()}, source_row=rows["source_row"]
    )


def _number(texts: pd.Series) -> pd.Series:
    return pd.to_numeric(texts.str.replace(",", ""), errors="coerce")


def _instant(texts: pd.Series) -> pd.Series:
    wall = pd.to_datetime(texts, format="%Y-%m-%d %H:%M:%S", errors="coerce")
    other = pd.to_datetime(texts, format="%Y-%m-%dT%H:%M:%S", errors="coerce")
    return wall.fillna(other).dt.tz_localize(ZONE, ambiguous=True).dt.tz_convert("UTC")
