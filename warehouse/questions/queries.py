"""The SQL of one figure: a query of the published file, and what of its model's SQL makes it."""

import re

from transforms.engine import quoted
from warehouse.questions.figure import PARTS, Figure, Row

BRANCH = re.compile(r"\n *UNION ALL(?: BY NAME)?\n")
# A SELECT at the start of a line is the last of a model: those of its CTEs are indented.
LAST = re.compile(r"(?ms)^SELECT\s+(?P<items>.*?)(?=^FROM )")


def of_figure(figure: Figure, edition: str, row: Row) -> str:
    """A query that gives the figure and its parts from the published file, and runs on it."""
    own = [f"{figure.measure}_{p}" if f"{figure.measure}_{p}" in row else p for p in PARTS]
    names = dict.fromkeys(["edition", "as_of", figure.measure, *(n for n in own if n in row)])
    where = " AND ".join(
        f"{k} = {quoted(v)}" for k, v in {"edition": edition, **figure.keys}.items()
    )
    return f"SELECT {', '.join(names)}\nFROM {figure.model.table}\nWHERE {where};"


def of_build(figure: Figure, measures: list[str]) -> str:
    """The model's SQL without what makes only its other figures: the branches and rows that name
    another metric, and the columns of other measures."""
    others = [m for m in figure.model.about.get("figure", {}) if m != figure.name]
    text = _columns(_branches(figure.model.sql, others), figure.measure, measures)
    return text.strip()


def _branches(sql: str, others: list[str]) -> str:
    """Without UNION ALL branches and VALUES rows of other metrics. A metric that nothing counts has
    no branch of its own: then all stay."""
    start, end = _union(sql)
    branches = BRANCH.split(sql[start:end])
    own = [b for b in branches if not any(quoted(o) in b for o in others)]
    if len(own) == 1:
        sql = sql[:start] + own[0] + sql[end:]
    for other in others:
        sql = re.sub(rf"\(\d+, {quoted(other)}\),?\s*", "", sql)
    return re.sub(r"\),\s*\) AS", ")\n    ) AS", sql)


def _union(sql: str) -> tuple[int, int]:
    """Where the first union begins and ends: after `(` and before `)` at the start of a line."""
    found = BRANCH.search(sql)
    if found is None:
        return 0, 0
    return sql.rindex("(\n", 0, found.start()) + 2, sql.index("\n)", found.end())


def _columns(sql: str, measure: str, measures: list[str]) -> str:
    """Without the columns of other measures, unless a column that stays reads them."""
    others = [m for m in measures if m != measure]
    found = list(LAST.finditer(sql))[-1]
    items = _items(found["items"])
    kept = [i for i in items if _is_of(_name(i), [measure]) or not _is_of(_name(i), others)]
    while read := [
        i for i in items if i not in kept and any(re.search(rf"\b{_name(i)}\b", k) for k in kept)
    ]:
        kept = [i for i in items if i in kept or i in read]
    if len(kept) == len(items):
        return sql
    columns = ",\n    ".join(i.strip() for i in kept)
    return f"{sql[: found.start()]}SELECT\n    {columns}\n{sql[found.end() :]}"


def _items(text: str) -> list[str]:
    """A select list, split at the commas outside brackets and strings."""
    plain = re.sub(r"'[^']*'", lambda m: "'" * len(m[0]), text)
    cuts, depth = [-1], 0
    for place, sign in enumerate(plain):
        depth += (sign == "(") - (sign == ")")
        cuts += [place] if sign == "," and depth == 0 else []
    return [text[a + 1 : b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def _is_of(column: str, measures: list[str]) -> bool:
    return any(column == m or column.startswith(f"{m}_") for m in measures)


def _name(item: str) -> str:
    """What a column of a select list is called."""
    found: list[str] = re.findall(r"\w+", item)
    return found[-1]
