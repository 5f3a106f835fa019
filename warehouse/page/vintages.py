"""How much the first figures of past years were revised, from the published file alone."""

from typing import Any

import duckdb

from transforms import engine
from warehouse.page import words

Row = dict[str, Any]

# The first version of the year's last night or of the month after tells the first figure.
FIRST_FIGURES = """
    -- A structure is no null, so that a withheld figure is not passed over for an earlier one.
    WITH first_version AS (
        SELECT edition, min(built_at) AS first_at, min_by(export_date, built_at) AS first_on
        FROM marts.dim_edition
        JOIN (SELECT DISTINCT export_date, built_at FROM meta.vintage) ON export_date >= period_to
        WHERE year_basis = $basis
        GROUP BY edition, period_to
        HAVING first_on <= period_to + 31
    ),

    told AS (
        SELECT
            max_by(struct_pack(v := value), built_at) FILTER (WHERE built_at <= first_at) AS was,
            max_by(struct_pack(v := value), built_at) AS now
        FROM first_version
        JOIN meta.vintage USING (edition)
        WHERE metric = $metric AND first_on < (SELECT export_date FROM meta.run)
        GROUP BY edition
    )

    SELECT
        count(*) AS years,
        avg(abs(now.v / was.v - 1)) AS mean_revision,
        max(abs(now.v / was.v - 1)) AS largest_revision
    FROM told
    WHERE was.v > 0 AND now.v IS NOT NULL
"""


def first_figures(db: duckdb.DuckDBPyConnection, metric: str, basis: str) -> Row:
    """`years` whose first figure is known and that were published again since, and the mean and
    the largest revision of those figures: shares (0-1), null without such a year."""
    values: Any = {"metric": metric, "basis": basis}
    return engine.rows(db, FIRST_FIGURES, values)[0]


def as_sentence(found: Row) -> str:
    """The same for readers."""
    years, mean, largest = (found[k] for k in ("years", "mean_revision", "largest_revision"))
    if not years:
        return "No year has been published again since its first figure, so none was revised."
    first = (
        "The first figure of one past year"
        if years == 1
        else f"First figures of {years} past years"
    )
    if not largest:
        return f"{first} {'was' if years == 1 else 'were'} never revised."
    if years == 1:
        return f"{first} was revised by {words.percent(mean)}."
    return (
        f"{first} were revised by {words.percent(mean)} on average, and by "
        f"{words.percent(largest)} at most."
    )


def sentences(found: dict[str, Row]) -> list[str]:
    """The same for several figures, and once if all are alike."""
    told = {metric: as_sentence(row) for metric, row in found.items()}
    if len(set(told.values())) == 1:
        return list(told.values())[:1]
    return [f"{words.heading(metric)}: {words.lower(text)}" for metric, text in told.items()]
