"""Writes the generated pages of docs/ from the models, contracts and macros: `make docs`.

Three pages: every table and column, every figure and what it rests on, and which model reads which.
"""

import re
import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from transforms import engine
from transforms.lake import Lake
from transforms.markets import market
from warehouse.build import build, release
from warehouse.editions import put_in, scores, vintages
from warehouse.models import SCHEMAS, Model, models, reads
from warehouse.tables import lake_views
from warehouse.tables.make import make_tables

DOCS = Path(__file__).parent
MADE = "<!-- Written by `make docs` from the models: edit those, not this page. -->\n"
ABOUT = {
    "report": "The published figures, unrounded. Start here.",
    "marts": "The tables from which figures are made: sellers with history, listings, inquiries.",
    "meta": "Information about the file: nights, checks, the dictionary, examples.",
    "main": "Where to start, and the macros.",
}
SCOPES = {
    "sellers": "sellers",
    "listings": "listings",
    "inquiries": "inquiries",
    "known_sellers": "sellers (matched by id)",
    "requests": "inquiries",
}


def pages() -> dict[str, str]:
    """Text of each page by the name of its file."""
    return {
        "data-dictionary.md": data_dictionary(),
        "figures.md": figures(),
        "lineage.md": lineage(),
    }


def data_dictionary() -> str:
    """Every published table, column and macro, from the file's own data dictionary."""
    lines = [
        MADE,
        "# Data dictionary\n",
        "The published file contains the same texts, in `meta.data_dictionary` and as comments on "
        "every table, column and macro. A source is a `dataset.column` of the clean export.",
    ]
    entries = _dictionary()
    for schema, about in ABOUT.items():
        lines.append(f"\n## {schema}\n\n{about}")
        for entry in (e for e in entries if e["table_schema"] == schema):
            if entry["kind"] == "column":
                lines.append(
                    "| "
                    + " | ".join(
                        _cell(entry[n])
                        for n in (
                            "column_name",
                            "data_type",
                            "unit",
                            "description",
                            "source_column",
                            "warning",
                        )
                    )
                    + " |"
                )
                continue
            name = f"{schema}.{entry['table_name']}"
            lines.append(f"\n### {name}\n\n{entry['description']}")
            if entry["unit"]:
                lines.append(f"\nUnit: {entry['unit']}.")
            if entry["warning"]:
                lines.append(f"\n*Beware:* {entry['warning']}")
            if entry["kind"] == "table":
                lines.append("\n| column | type | unit | meaning | source | beware |")
                lines.append("|---|---|---|---|---|---|")
    return "\n".join(lines) + "\n"


def figures() -> str:
    """Each report table and figure: numerator, denominator, needs and pitfalls."""
    lines = [
        MADE,
        "# The figures\n",
        "Every row states its as-of date, numerator, denominator, coverage and symbol: `p` "
        "provisional (the edition is not frozen, or the row is partial; the same in database, "
        "CSV, workbook, Parquet and page), `r` revised, `c` withheld (a small cell, or one from "
        "which a small one could be worked out), `x` not available.\n\nA stock is counted on one "
        "night. A flow is counted over days; it states how many (`days`) and how many of them "
        "deliveries cover (`days_covered`). A stock is partial if its night is not the last one "
        "of the year, a flow if a day is missing.\n\nEvery table holds fiscal and calendar years, "
        "which overlap: filter on `edition`, or on `year_basis` and `year`. Each table has one "
        "kind of period, and those of months and weeks are named so.\n\nTables of shares state "
        "`share_of_all` and `share_of_known`; `share` is the one of the two that the table is "
        "about.\n\nA figure is "
        "`x` if an export that it needs was not delivered, was held, or was delivered without "
        "the fields named here; if it needs an earlier census that does not exist; or if it "
        "needs a published figure that nobody has published.",
    ]
    for model in sorted((m for m in models() if m.schema == "report"), key=_place):
        about = model.about
        numbers = ", ".join(str(n) for n in about.get("aggregate", ()))
        lines.append(f"\n## {model.name}\n\n{model.doc} One row per {', '.join(model.key)}.\n")
        lines += _facts(about)
        if numbers:
            lines.append(f"- *Aggregates:* {numbers}")
        needs = about.get("needs", {})
        own = about.get("figure", {})
        for name in (n for n in needs if n not in own):
            lines.append(f"- *Needs* (`{name}`): {_needed(needs[name])}")
        lines.append(f"- *SQL:* [{model.name}.sql](../warehouse/models/report/{model.name}.sql)")
        for name, figure in own.items():
            lines.append(f"\n### {model.name}: {name}\n\n{figure['definition']}\n")
            lines += _facts(figure)
            if name in needs:
                lines.append(f"- *Needs:* {_needed(needs[name])}")
    return "\n".join(lines) + "\n"


def lineage() -> str:
    """Which model reads which, as a diagram and as a table."""
    known = {m.table for m in models()}
    sources = sorted({t for m in models() for t in reads(m) if t not in known})
    lines = [
        MADE,
        "# Lineage\n",
        "This page is made from the SQL of the models. An arrow points from a table to a table "
        "that is made from it.\n",
        "```mermaid",
        "flowchart LR",
    ]
    rooms = {"lake": sources}
    for model in models():
        rooms.setdefault(model.schema, []).append(model.table)
    for room in ("lake", *SCHEMAS):
        lines.append(f"    subgraph {room}")
        lines += [f"        {_node(t)}[{t.partition('.')[2]}]" for t in sorted(rooms[room])]
        lines.append("    end")
    for model in sorted(models(), key=lambda m: m.table):
        lines += [f"    {_node(t)} --> {_node(model.table)}" for t in sorted(reads(model))]
    lines += ["```\n", "| table | made from |", "|---|---|"]
    for model in sorted(models(), key=lambda m: m.table):
        lines.append(f"| {model.table} | {', '.join(sorted(reads(model)))} |")
    return "\n".join(lines) + "\n"


def write(folder: Path = DOCS) -> list[Path]:
    """Writes the pages; returns those whose text changed."""
    changed = []
    for name, text in pages().items():
        path = folder / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            changed.append(path)
    return changed


@cache
def _dictionary() -> tuple[dict[str, Any], ...]:
    """The data dictionary of a build from an empty lake: none of its text depends on a night."""
    home = market("PK")
    night = date(2022, 6, 30)
    with tempfile.TemporaryDirectory() as empty, engine.in_memory() as db:
        lake_views.attach(db, Lake(Path(empty)), home)
        db.execute("ATTACH ':memory:' AS outlook")
        db.execute("USE outlook")
        make_tables(db)
        put_in.put_in(db, Path(empty))
        scores.put_in(db, Path(empty))
        run: dict[str, Any] = dict.fromkeys(
            ("run_id", "code_version", "lake_fingerprint", "duckdb_version"), ""
        )
        at = release.midnight(night)
        told = release.describe(db, "", night, home, None, None)
        run |= {"export_date": night, "built_at": at}
        vintages.put_in(db, Path(empty), None, run, f"{night}")
        build.describe(db, [], run, told)
        return tuple(engine.rows(db, "FROM meta.data_dictionary"))


def _facts(about: dict[str, Any]) -> list[str]:
    parts = ("numerator", "denominator", "decided", "pitfalls")
    shown = {"pitfalls": "Beware"}
    return [f"- *{shown.get(p, p.capitalize())}:* {about[p]}" for p in parts if about.get(p)]


def _needed(scopes: dict[str, list[str]]) -> str:
    return "; ".join(
        f"{SCOPES.get(scope, scope)}: {', '.join(n.replace(' | ', ' or ') for n in fields)}"
        for scope, fields in scopes.items()
    )


def _place(model: Model) -> tuple[bool, int, str]:
    """The headline first, then in order of aggregate number."""
    return model.name != "headline", min(model.about["aggregate"], default=99), model.name


def _node(table: str) -> str:
    return re.sub(r"\W", "_", table)


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    for written in write():
        print(f"wrote {written.relative_to(DOCS.parent)}")
