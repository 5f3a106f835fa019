"""Nobody knows the value of the goods sold: no table, sheet, chart or sentence holds one."""

import json
import re
from html import unescape
from pathlib import Path

import duckdb
import openpyxl

# Money in a column's name or unit. What a listing asks for one piece is no value of goods.
MONEY = re.compile(r"gmv|turnover|revenue|sales|amount|usd|us\$|dollar|rupee|\bworth\b", re.I)
ASKED = re.compile(r"(price_(lower_quartile|median|upper_quartile)_usd)$")
CURRENCY = re.compile(r"(?:US\$|\$|€|£|₨|\bRs\.?|\bUSD|\bPKR|\bINR)\s?\d", re.I)


def test_no_column_holds_money_but_asking_prices(db: duckdb.DuckDBPyConnection) -> None:
    columns = db.execute(
        "SELECT table_schema, table_name, column_name, coalesce(unit, '') "
        "FROM meta.data_dictionary WHERE column_name IS NOT NULL AND table_schema = 'report'"
    ).fetchall()
    money = [c for c in columns if MONEY.search(c[2]) or MONEY.search(c[3])]
    assert {c[1] for c in money} == {"price_level"}
    assert all(ASKED.search(c[2]) and c[3] == "USD per price_unit" for c in money)


def test_no_sentence_or_chart_states_money(html: str) -> None:
    """On the page money stands in the figure of asking prices, and nowhere else."""
    figure = re.search(r'<figure id="figure-prices".*?</figure>', html, re.S)
    assert figure and CURRENCY.search(figure[0])
    comparison = re.sub(r"<style>.*?</style>|data:[^\"]*", "", html, flags=re.S)
    rest = unescape(comparison.replace(re.sub(r"data:[^\"]*", "", figure[0]), ""))
    assert not CURRENCY.findall(rest)


def test_no_other_file_holds_money(folder: Path) -> None:
    for path in folder.glob("figures/*.vl.json"):
        if path.name != "prices.vl.json":
            assert not CURRENCY.search(json.dumps(json.loads(path.read_text("utf-8"))))
    book = openpyxl.load_workbook(folder / "outlook.xlsx")
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert "$" not in cell.number_format
                assert not (isinstance(cell.value, str) and CURRENCY.search(cell.value))
