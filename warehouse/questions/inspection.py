"""Output of `outlook inspect`: how a file was read, how certain that is, the first rejects."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transforms.errors import ExportError
from transforms.inspection import Inspection
from transforms.read.encoding import is_guess


def as_json(file: Path, seen: Inspection) -> dict[str, Any]:
    """The inspection under the keys of `--json`."""
    export, told = seen.export, seen.receipt.as_json()
    return {
        "file": str(file),
        "dataset": export.layout.dataset,
        "layout": export.layout.name,
        "extent": export.layout.extent,
        "encoding": export.encoding,
        "delimiter": export.delimiter,
        "header_row": export.header_row,
        "period": export.period or None,
        **{n: told[n] for n in ("rows", "reasons", "value_rejects", "warnings", "drift")},
        "held": seen.held,
    }


def refused_as_json(file: Path, error: ExportError, draft: str | None) -> dict[str, Any]:
    """A refusal, with a draft layout if no layout fits."""
    return {
        "file": str(file),
        "refused": {
            "code": error.code,
            "message": error.message,
            "nearest_layout": error.nearest_layout,
            "missing": error.missing,
            "draft_layout": draft,
        },
    }


def as_lines(seen: Inspection) -> Iterator[str]:
    """The inspection as lines of text."""
    export, found, layout = seen.export, seen.receipt, seen.export.layout
    named = [h for h in export.headers if h.strip()]
    known = sum(layout.own_header(h) in layout.known_headers for h in named)
    yield (
        f"layout      {layout.name}, {layout.dataset} ({layout.extent}): all "
        f"{len(layout.required)} required headers, {known} of {len(named)} columns known"
    )
    sure = (
        "guessed: the headers fit" if export.encoding and is_guess(export.encoding) else "certain"
    )
    text = f"{export.encoding} ({sure})" if export.encoding else "none: not a text file"
    yield f"encoding    {text}"
    if export.delimiter:
        yield f"delimiter   {export.delimiter!r}, which gives all rows the same width"
    if export.header_row:
        yield f"headers     on line {export.header_row}"
    if export.period:
        yield f"period      {' to '.join(export.period.values())}"
    rows = found.rows
    yield (
        f"rows        {rows.in_:,} in = {rows.accepted:,} accepted + {rows.rejected:,} "
        f"rejected + {rows.duplicate:,} duplicate"
    )
    for reason, count in _most(found.reasons):
        yield f"rejected    {count:,} rows: {reason}"
    for column, reasons in found.value_rejects.items():
        for reason, count in _most(reasons):
            yield f"made null   {count:,} values of {column}: {reason}"
    for warning in found.warnings:
        column = f" in {warning.column}" if warning.column else ""
        example = f", such as {warning.example}" if warning.example else ""
        yield f"warning     {warning.code}{column}: {warning.count:,}{example}"
    if missing := found.drift.missing_columns:
        yield f"missing     {', '.join(missing)}: headers that the layout maps"
    if seen.held:
        yield f"held        such a night would not count: {seen.held}"
    for one in seen.first_rejects:
        yield (
            f"line {one['source_row']:<6} {one['reason']}"
            + (f": {one['raw_value']!r}" if one["raw_value"] else "")
        )
    for row in seen.first_rows:
        values = {k: v for k, v in row.items() if v is not None and not k.startswith("_")}
        yield f"line {row['_source_row']:<6} " + ", ".join(f"{k} {v}" for k, v in values.items())


def _most(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
