-- The year and the months of each edition, and how much of them the deliveries of inquiries cover.
-- Grain: edition, span, span_from. A month of too few sellers is withheld, and with it all months
-- of the edition: the year less the others would give it away. A month that no delivery covers is
-- not shown either way.
WITH stretch AS (
    SELECT edition, 'year' AS span, period_from AS span_from, period_to AS span_to
    FROM marts.dim_edition
    UNION ALL
    SELECT edition, 'month', span_from, last_day(span_from)
    FROM (
        SELECT
            edition,
            unnest(generate_series(period_from, inquiries_as_of, INTERVAL 1 MONTH))::DATE
                AS span_from
        FROM marts.dim_edition
    )
),

part AS (
    SELECT
        stretch.span,
        stretch.span_from,
        stretch.span_to,
        edition.*
    FROM stretch
    JOIN marts.dim_edition AS edition ON edition.edition = stretch.edition
),

counted AS (
    SELECT
        part.edition,
        part.span,
        part.span_from,
        count(DISTINCT inquiry.seller_id) AS sellers
    FROM part
    JOIN staging.stg_inquiry AS inquiry
        ON inquiry.edition = part.edition
        AND inquiry.is_counted
        AND inquiry.counted_on BETWEEN part.span_from AND part.span_to
    GROUP BY part.edition, part.span, part.span_from
),

covered AS (
    SELECT part.edition, part.span, part.span_from, count(*) AS days_covered
    FROM part
    JOIN staging.stg_covered_day AS day
        ON day.covered_on BETWEEN part.span_from AND part.span_to
        AND day.covered_on <= part.inquiries_as_of
    GROUP BY part.edition, part.span, part.span_from
)

SELECT
    part.edition,
    part.year_basis,
    part.year,
    part.inquiries_as_of AS as_of,
    part.period_from,
    part.period_to,
    part.inquiries_as_of IS NULL OR part.inquiries_as_of < part.period_to AS is_partial,
    part.span,
    part.span_from,
    part.span_to,
    CASE
        WHEN part.inquiries_as_of IS NOT NULL THEN least(part.span_to, part.inquiries_as_of)
    END AS counted_until,
    date_diff('day', part.span_from, part.span_to) + 1 AS days,
    coalesce(covered.days_covered, 0) AS days_covered,
    part.span = 'month'
    AND bool_or(
        part.span = 'month'
        AND coalesce(covered.days_covered, 0) > 0
        AND coalesce(counted.sellers, 0) > 0
        AND counted.sellers < (SELECT smallest_cell FROM lake.market)
    ) OVER (PARTITION BY part.edition) AS is_withheld,
    CASE WHEN part.inquiries_as_of < part.span_to THEN 'p' END AS provisional
FROM part
LEFT JOIN counted
    ON counted.edition = part.edition
    AND counted.span = part.span
    AND counted.span_from = part.span_from
LEFT JOIN covered
    ON covered.edition = part.edition
    AND covered.span = part.span
    AND covered.span_from = part.span_from
ORDER BY part.edition, part.span, part.span_from
