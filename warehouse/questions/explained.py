"""The explanation of a figure as lines of text."""

import re
from typing import Any

from warehouse.questions.figure import Row


def as_lines(found: Row) -> list[str]:
    """What `explain` found, as lines of text with the SQL last."""
    last = found["previous"]
    lines = [
        f"{found['figure']}, {found['edition']}: {_marked(found)}",
        f"  as of {found['as_of']}, for {found['period_from']} to {found['period_to']}"
        + _missing_days(found),
        f"  {found['definition']}",
        f"numerator    {_part(found, 'numerator')}",
        f"denominator  {_part(found, 'denominator')}",
        f"coverage     {_text(found['coverage'])}",
    ]
    if found["pitfalls"]:
        lines.append(f"beware       {found['pitfalls']}")
    if found["missing"]:
        lines.append(f"missing      {found['missing']}")
    if found["withheld"]:
        lines.append(f"withheld     {found['withheld']}")
    if found["rests_on"]:
        lines.append(f"rests on     another figure: `outlook explain {found['rests_on']}`")
    if last:
        lines.append(f"before       {last['edition']}: {_marked(last)}, as of {last['as_of']}")
    for night in found["nights"]:
        counted, earlier = night["nights_in_period"], night["earlier"]
        lines.append(
            f"night        {night['dataset']} {night['export_date']}"
            + (" (the rate starts from it)" if not night["is_as_of"] else "")
            + (f"; nights of the period: {_counts(counted)}" if counted else "")
            + (f"; and {_text(earlier)} earlier deliveries: `outlook nights`" if earlier else "")
        )
        lines += _nights_behind(night)
    for receipt in found["receipts"]:
        lines.append(
            f"receipt      {receipt['dataset']} {receipt['export_date']} revision "
            f"{receipt['revision']}, {receipt['status']}, layout {receipt['layout']}: "
            f"{_counts(receipt['rows'])}"
        )
        lines += [
            f"               {s['name']}, {_text(s['rows'])} rows, sha256 {s['sha256']}"
            for s in receipt["sources"]
        ]
    lines.append(f"made by      run {found['run_id']}, code {found['code_version']}")
    if not found["is_sql_of_the_file"]:
        lines.append("             not made by this code: the SQL may have been different")
    if re.search(r"\b(staging|disclosure|lake)\.", found["build_sql"]):
        lines.append(
            "sql          the build makes staging.*, disclosure.*, lake.* and macros such as "
            "shown(); they are not in the published file"
        )
    lines += ["", "-- in the published file", *found["sql"].splitlines()]
    return [*lines, "", "-- in the build", *found["build_sql"].splitlines()]


def _nights_behind(night: Row) -> list[str]:
    """The range of the nights behind a flow, and each one in between that does not count."""
    if not night["earlier_nights"] and not night["left_out"]:
        return []
    first = min([*night["earlier_nights"], night["export_date"]])
    number = _text(len(night["earlier_nights"]) + 1)
    return [
        f"             {number} nights behind it, {first} to {night['export_date']}",
        *(
            f"             without {n['export_date']}: {n['status']}"
            + (f", {n['reason']}" if n["reason"] else "")
            for n in night["left_out"]
        ),
    ]


def _marked(found: Row) -> str:
    return _text(found["value"]) + (f" [{found['symbol']}]" if found["symbol"] else "")


def _part(found: Row, part: str) -> str:
    texts = [None if found[part] is None else _text(found[part]), found[f"{part}_is"]]
    return ": ".join(t for t in texts if t) or "none"


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6f}".rstrip("0").rstrip(".")


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join(f"{_text(n)} {name}" for name, n in counts.items())


def _missing_days(found: Row) -> str:
    if not found["is_partial"]:
        return ""
    if found["days"] is None:
        return ", which is not finished"
    return f", of which deliveries cover {found['days_covered']} of {found['days']} days"
