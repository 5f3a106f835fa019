-- Listing traffic by year, month and week: inquiries and visitors from the listings' metrics.
-- Grain: edition, span, span_from. A week belongs to the year in which it ends. A night covers one
-- day: an edition is partial if a day of its year has none.
WITH night AS (
    SELECT export_date
    FROM staging.stg_night
    WHERE dataset = 'listings' AND is_good
),

period AS (
    FROM staging.stg_period
    UNION ALL
    SELECT DISTINCT edition, dataset, 'week', week_of(export_date), week_of(export_date) + 6
    FROM staging.stg_edition
    JOIN night
        ON week_of(export_date) + 6 BETWEEN period_from AND period_to AND export_date <= as_of
),

counted AS (
    SELECT
        period.edition,
        period.dataset,
        period.span,
        period.span_from,
        period.span_to,
        date_diff('day', period.span_from, period.span_to) + 1 AS days,
        count(night.export_date) AS nights,
        sum(traffic.inquiries)::BIGINT AS inquiries,
        sum(traffic.visitors)::BIGINT AS visitors,
        sum(traffic.rows_known) / nullif(sum(traffic.rows_in), 0) AS coverage
    FROM period
    JOIN staging.stg_edition AS edition USING (edition, dataset)
    LEFT JOIN night
        ON night.export_date BETWEEN period.span_from AND period.span_to
        AND night.export_date <= edition.as_of
    LEFT JOIN staging.stg_traffic_night AS traffic
        ON traffic.edition = period.edition AND traffic.export_date = night.export_date
    WHERE period.dataset = 'listings'
    GROUP BY ALL
)

SELECT
    edition.* REPLACE (
        bool_or(counted.span = 'year' AND counted.nights < counted.days)
            OVER (PARTITION BY counted.edition) AS is_partial
    ),
    counted.* EXCLUDE (edition, dataset)
FROM counted
JOIN staging.stg_edition AS edition USING (edition, dataset)
ORDER BY edition.edition, span, span_from
