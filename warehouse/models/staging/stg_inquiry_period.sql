-- Days of each edition's year and months that deliveries of inquiries cover.
-- Grain: edition, span, span_from. An edition is partial if a day of its year is not covered.
WITH covered AS (
    SELECT
        period.*,
        edition.year_basis,
        edition.year,
        edition.as_of,
        edition.period_from,
        edition.period_to,
        period.span || ' ' || period.span_from AS cell,
        date_diff('day', period.span_from, period.span_to) + 1 AS days,
        count(day.covered_on) AS days_covered
    FROM staging.stg_period AS period
    JOIN staging.stg_edition AS edition USING (edition, dataset)
    LEFT JOIN staging.stg_covered_day AS day
        ON day.covered_on BETWEEN period.span_from AND least(period.span_to, edition.as_of)
        AND edition.as_of IS NOT NULL
    WHERE period.dataset = 'inquiries'
    GROUP BY ALL
)

SELECT
    * EXCLUDE (dataset),
    CASE WHEN as_of IS NOT NULL THEN least(span_to, as_of) END AS counted_until,
    bool_or(span = 'year' AND days_covered < days) OVER (PARTITION BY edition) AS is_partial
FROM covered
ORDER BY edition, span, span_from
