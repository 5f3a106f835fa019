"""The edition's files for other programs: CSV, Parquet, their descriptions, and the manifest."""

import io
import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.storage import sha256
from warehouse import spreadsheet
from warehouse.models import models
from warehouse.page import words
from warehouse.page.edition import Column, Edition, Table

KINDS = {
    "VARCHAR": ("string", pa.string()),
    "BOOLEAN": ("boolean", pa.bool_()),
    "DATE": ("date", pa.date32()),
    "DOUBLE": ("number", pa.float64()),
    "SMALLINT": ("integer", pa.int16()),
    "INTEGER": ("integer", pa.int32()),
    "BIGINT": ("integer", pa.int64()),
    "TIMESTAMP": ("datetime", pa.timestamp("us")),
}


def csv_bytes(table: Table) -> bytes:
    """The table as UTF-8 CSV. Nulls are empty; the symbol column says why."""
    out = io.StringIO()
    spreadsheet.write_rows(out, [c.name for c in table.columns], table.rows)
    return out.getvalue().encode()


def zip_bytes(contents: dict[str, bytes]) -> bytes:
    """Files in one zip. The same files make the same bytes: no date, no user, one order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in sorted(contents):
            about = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            about.compress_type = zipfile.ZIP_DEFLATED
            about.create_system, about.external_attr = 3, 0o644 << 16
            made.writestr(about, contents[name])
    return out.getvalue()


def listed(folder: Path) -> dict[str, dict[str, Any]]:
    """Every file of a folder with its size and hash, in order."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    return {
        p.relative_to(folder).as_posix(): {"bytes": p.stat().st_size, "sha256": sha256(p)}
        for p in paths
    }


def write_parquet(path: Path, table: Table) -> None:
    """The table as Parquet, with the meaning and unit of each column."""
    fields = [
        pa.field(c.name, _arrow(c), metadata={"description": c.doc, "unit": c.unit or ""})
        for c in table.columns
    ]
    schema = pa.schema(fields, metadata={"description": table.doc})
    made = pa.Table.from_pylist([_row(table, r) for r in table.rows], schema=schema)
    pq.write_table(made, path, compression="zstd")


def datapackage(edition: Edition, folder: Path, title: str) -> dict[str, Any]:
    """A Data Package (version 2) of the CSV files in `folder`; it says why a cell is empty."""
    keys = {m.name: m.key for m in models() if m.schema == "report"}
    resources = []
    for table in edition.tables.values():
        path = folder / "csv" / f"{table.name}.csv"
        schema: dict[str, Any] = {
            "fields": [_field(c, table) for c in table.columns],
            "missingValues": [_empty("Not known, or does not apply")],
        }
        if table.name in keys:
            schema["primaryKey"] = list(keys[table.name])
        resources.append(
            {
                "name": table.name.replace("_", "-"),
                "path": f"csv/{table.name}.csv",
                "description": table.doc,
                "type": "table",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": path.stat().st_size,
                "hash": f"sha256:{sha256(path)}",
                "schema": schema,
            }
        )
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": f"digital-b2b-outlook-{edition.market['country_iso2'].lower()}"
        f"-{edition.name.lower()}",
        "title": title,
        "version": f"{edition.status}-{edition.released_on}",
        "created": _instant(edition.run["built_at"]),
        "resources": resources,
    }


def manifest(edition: Edition, folder: Path, source: dict[str, Any]) -> dict[str, Any]:
    """What the edition was made from, and every file with size and hash. It reads no clock."""
    return {
        "edition": edition.name,
        "year_basis": edition.basis,
        "status": edition.status,
        "frozen_revision": edition.frozen.get("revision"),
        "frozen_at": _instant(edition.frozen.get("frozen_at")),
        "frozen_reason": edition.frozen.get("reason"),
        "frozen_manifest_sha256": edition.frozen.get("manifest_sha256"),
        "is_partial": edition.is_partial,
        "data_to": edition.data_to,
        "market": edition.market["country_iso2"],
        "run_id": edition.run["run_id"],
        "built_at": _instant(edition.run["built_at"]),
        "code_version": edition.run["code_version"],
        "lake_fingerprint": edition.run["lake_fingerprint"],
        "database": source,
        "files": listed(folder),
    }


def write_text_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True, default=str)
    path.write_text(text + "\n", "utf-8")


def _instant(at: datetime | None) -> str | None:
    """An instant of the published file, which has them in UTC, as text that says so."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None


def _field(column: Column, table: Table) -> dict[str, Any]:
    kind = KINDS.get(column.type, ("string", None))[0]
    kind = "number" if column.type.startswith("DECIMAL") else kind
    found: dict[str, Any] = {"name": column.name, "type": kind, "description": column.doc}
    found |= {"unit": column.unit} if column.unit else {}
    symbol = table.symbol_of(column.name)
    if column.name.endswith("symbol"):
        marks = [{"value": s, "label": name} for s, (name, _) in words.SYMBOLS.items()]
        found |= {
            "categories": marks,
            "missingValues": [_empty("The figure is shown, without mark")],
        }
    elif table.column(symbol):
        why = [f"{words.SYMBOLS[s][0].lower()} where {symbol} is {s}" for s in words.UNSHOWN]
        told = _empty(words.capital(f"{', '.join(why)}; elsewhere it does not apply"))
        found |= {"missingValues": [told]}
    return found


def _empty(why: str) -> dict[str, str]:
    """The one missing value of the CSV files, and what it says."""
    return {"value": "", "label": why}


def _arrow(column: Column) -> pa.DataType:
    if column.type.startswith("DECIMAL("):
        precision, scale = column.type[8:-1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return KINDS.get(column.type, ("", pa.string()))[1]


def _row(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """Nested values become text; no table has any so far."""
    plain = {c.name for c in table.columns if _arrow(c) != pa.string()}
    return {
        k: v if v is None or k in plain or isinstance(v, str) else str(v) for k, v in row.items()
    }
