-- The year of each edition and its months, up to the as-of date of their dataset.
-- Grain: edition, dataset, span, span_from.
SELECT edition, dataset, 'year' AS span, period_from AS span_from, period_to AS span_to
FROM staging.stg_edition
UNION ALL
SELECT edition, dataset, 'month', span_from, last_day(span_from)
FROM (
    SELECT
        edition,
        dataset,
        unnest(generate_series(period_from, as_of, INTERVAL 1 MONTH))::DATE AS span_from
    FROM staging.stg_edition
)
ORDER BY edition, dataset, span, span_from
