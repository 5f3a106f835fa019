-- The year and the months of each edition, and how much of them the deliveries of inquiries cover.
-- Grain: edition, span, span_from. A month of too few sellers is withheld, and with it all months
-- of the editions that it is in, wherever they stand: a year less the others would give it away. A
-- year is withheld as its total is. `is_reply_withheld`: also where few got a reply or few none.
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

closed AS (
    SELECT DISTINCT edition.period_from, edition.period_to
    FROM staging.stg_inquiry_part AS small
    JOIN marts.dim_edition AS edition ON edition.edition = small.edition
    WHERE small.is_small
),

part AS (
    SELECT
        stretch.span,
        stretch.span_from,
        stretch.span_to,
        edition.*,
        CASE
            WHEN stretch.span = 'year' THEN coalesce(total.is_withheld, false)
            ELSE EXISTS (
                SELECT 1 FROM closed
                WHERE stretch.span_from BETWEEN closed.period_from AND closed.period_to
            )
        END AS is_withheld
    FROM stretch
    JOIN marts.dim_edition AS edition ON edition.edition = stretch.edition
    LEFT JOIN staging.stg_total AS total
        ON total.edition = stretch.edition AND total.figure = 'inquiries'
),

answer AS (
    SELECT
        part.edition,
        part.span,
        part.span_from,
        part.period_from,
        part.period_to,
        least(
            nullif(count(DISTINCT CASE WHEN is_replied THEN inquiry.seller_id END), 0),
            nullif(count(DISTINCT CASE WHEN NOT is_replied THEN inquiry.seller_id END), 0)
        ) < (SELECT smallest_cell FROM lake.market) AS is_small
    FROM part
    JOIN (
        SELECT *, first_reply_at IS NOT NULL AS is_replied
        FROM staging.stg_inquiry
        WHERE is_counted
            AND received_at IS NOT NULL
            AND NOT (first_reply_at IS NOT NULL AND is_auto_reply IS true)
    ) AS inquiry
        ON inquiry.edition = part.edition
        AND inquiry.counted_on BETWEEN part.span_from AND part.span_to
    GROUP BY part.edition, part.span, part.span_from, part.period_from, part.period_to
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
    part.is_withheld,
    part.is_withheld
    OR EXISTS (
        SELECT 1 FROM answer
        WHERE answer.is_small
            AND answer.span = part.span
            AND answer.period_from <= part.span_to
            AND answer.period_to >= part.span_from
    ) AS is_reply_withheld,
    CASE WHEN part.inquiries_as_of < part.span_to THEN 'p' END AS provisional
FROM part
LEFT JOIN covered
    ON covered.edition = part.edition
    AND covered.span = part.span
    AND covered.span_from = part.span_from
ORDER BY part.edition, part.span, part.span_from
