"""Drafts a layout from the headers and values of a file that fits none."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

from transforms import DATASETS
from transforms.clean import Context
from transforms.contracts import contract
from transforms.deliveries.exports import name_dataset
from transforms.draft.columns import Choice, choices, currency_in
from transforms.draft.table import Table, likeliest
from transforms.markets import Market

IDENTIFYING = 8  # headers tell a shape from any other
_PERIOD = re.compile(r"\d{4}-\d{2}-\d{2}( ?)(~|-|–|to|至)( ?)\d{4}-\d{2}-\d{2}")
_LOW = re.compile(r"\b(a|min|minimum|low|lowest|from)\b", re.IGNORECASE)
_HIGH = ("b", "max", "maximum", "high", "highest", "to")


def draft(path: Path, name: str, dataset: str | None, market: Market) -> str | None:
    """A layout TOML for an unpacked file called `name`; None where it holds no table at all.

    The dataset is the one asked for, else that of the file's name, else the likeliest.
    """
    table = likeliest(path, name)
    return of_table(table, name, dataset, market) if table else None


def of_table(table: Table, name: str, dataset: str | None, market: Market) -> str:
    """A layout TOML for these headers and rows: likely fields mapped, the rest as comments."""
    named = dataset or name_dataset(name)
    context = Context(date.today(), market, b"draft")
    return _toml(choices(table, [named] if named else DATASETS, context)[0], table, name)


def _toml(choice: Choice, table: Table, name: str) -> str:
    dataset, headers = choice.dataset, [h for h in table.headers if h]
    columns = {field: part.spec for field, part in choice.fields.items()}
    _fill_gaps(columns, table)
    _part_lines(columns, choice)
    _join_range(columns, headers)
    mapped = [h for h in headers if any(h in _headers(spec) for spec in columns.values())]
    firsts = [part.header for part in choice.fields.values() if part.share > 0.5]
    required = [h for h in mapped if h in firsts] or mapped
    required = [*required, *(h for h in headers if h not in required)]
    period = _PERIOD.search(table.above) if dataset == "listings" else None
    lines = [
        f"# Draft for {_comment(name)}: check every line, then look at `outlook inspect` again.",
        f'dataset = "{dataset}"',
        'extent = "sample"  # census: all of the market; window: all of a period; else sample',
        '# zone = "Asia/Karachi"  # of wall times, where it is not the market\'s own',
    ]
    if period:
        day = r"\d{4}-\d{2}-\d{2}"
        pattern = f"(?P<period_start>{day}){period[1]}{period[2]}{period[3]}(?P<period_end>{day})"
        lines.append(f"preamble = {_text(pattern)}")
    lines += [
        "# Headers that tell this shape from any other; a file without one of them is refused.",
        f"required = {_text(required[:IDENTIFYING])}",
        "# Known and not wanted, people's names among them; any other header is reported as new.",
        f"ignore = {_text([h for h in headers if h not in mapped])}",
    ]
    if constants := _constants(choice, columns):
        lines += ["", "[constants]", *(f"{k} = {_text(v)}" for k, v in constants.items())]
    lines += [
        "",
        "[columns]  # field of the contract = header of the file",
        *(f"{field} = {_value(spec)}" for field, spec in columns.items()),
        "# Fields not found yet:",
        *(f'# {f} = ""   # {d}' for f, d in contract(dataset).raw.items() if f not in columns),
        "",
    ]
    return "\n".join(lines)


def _constants(choice: Choice, columns: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    if choice.dataset == "inquiries" and "channel" not in columns:
        # Without a number or a seller it can only be a request for quotation.
        to_all = "quotes_left" in columns or not {"inquiry_id", "seller_id"} <= set(columns)
        found["channel"] = "rfq" if to_all else "inquiry"
    if choice.dataset == "listings" and "price_currency" not in columns and "price" in columns:
        for header in _headers(columns["price"]):
            if code := currency_in(header):
                found["price_currency"] = code
    return found


def _fill_gaps(columns: dict[str, Any], table: Table) -> None:
    """A search page moves the highlighted words of a title into separate columns."""
    for field in ("title", "subject"):
        header = columns.get(field)
        if isinstance(header, str):
            more = [
                h
                for n in range(1, 10)
                for h in (f"{header} {n}", f"{header}{n}")
                if h in table.headers
            ]
            has_gaps = header in table.rows and table.rows[header].str.contains(r"\S  +\S").any()
            if more and has_gaps:
                columns[field] = {"fill": [header, *more]}


def _part_lines(columns: dict[str, Any], choice: Choice) -> None:
    """A title and the text under it in one cell."""
    part = choice.fields.get("subject")
    if part and "description" not in columns and isinstance(columns["subject"], str):
        lines = sum("\n" in v.strip() for v in part.values)
        if lines * 2 > len(part.values):
            columns["subject"] = {"header": part.header, "match": r"^\s*([^\n]*)"}
            columns["description"] = {"header": part.header, "match": r"(?s)^\s*[^\n]*\n(.*)$"}


def _join_range(columns: dict[str, Any], headers: list[str]) -> None:
    """A price whose bounds stand in two columns."""
    header = columns.get("price")
    if isinstance(header, str) and (low := _LOW.search(header)):
        others = (f"{header[: low.start()]}{high}{header[low.end() :]}" for high in _HIGH)
        plain = {h.casefold(): h for h in headers}
        if other := next((plain[o.casefold()] for o in others if o.casefold() in plain), None):
            columns["price"] = {"join": [header, other], "by": "-"}


def _headers(spec: Any) -> set[str]:
    if isinstance(spec, str):
        return {spec}
    several = [h for kind in ("join", "fill", "first") for h in spec.get(kind, ())]
    beside = [spec["when"]["header"]] if "when" in spec else []
    return {*several, *beside, *([spec["header"]] if "header" in spec else [])}


def _value(spec: Any) -> str:
    if isinstance(spec, dict):
        return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in spec.items()) + " }"
    return _text(spec)


def _text(value: object) -> str:
    """A JSON string or list, which is TOML but for one control character."""
    clean = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return clean.encode("utf-8", "replace").decode()


def _comment(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)
