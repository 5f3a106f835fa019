"""Real exports by plain readers that are told what the pipeline has to find out."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openpyxl
import xlrd

ENCODINGS = {"listings_kes_cp1252.csv": "cp1252", "suppliers_gb18030.csv": "gb18030"}
BACK_OFFICE = ("seller_product_export_zh.csv", "Products-2026-09-19.xls")
LINES_ABOVE_HEADER = dict.fromkeys(BACK_OFFICE, 5)


def records(path: Path) -> list[dict[str, str]]:
    """The rows under the file's own headers, by a reader that is not the pipeline's."""
    lines: Iterable[Iterable[Any]]
    if path.suffix == ".json":
        rows = json.loads(path.read_text("utf-8"))
        return [{header: str(cell) for header, cell in row.items()} for row in rows]
    if path.suffix == ".xlsx":
        lines = list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))
    elif path.suffix == ".xls":
        sheet = xlrd.open_workbook(path).sheet_by_index(0)
        lines = [sheet.row_values(i) for i in range(sheet.nrows)]
    else:
        with path.open(encoding=ENCODINGS.get(path.name, "utf-8-sig"), newline="") as file:
            lines = [line for line in csv.reader(file) if line]
    cells = [["" if cell is None else str(cell) for cell in line] for line in lines]
    headers, *found = cells[LINES_ABOVE_HEADER.get(path.name, 0) :]
    return [dict(zip(headers, record, strict=True)) for record in found]
