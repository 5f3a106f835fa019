-- The year and the months of each edition, and how much of them the deliveries of inquiries cover.
-- Grain: edition, span, span_from. A span is withheld if a part of it is (stg_inquiry_part).
-- An edition is partial if the deliveries lack a day of its year: all that counts inquiries takes
-- that from here.
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

withheld AS (
    SELECT
        edition,
        'month' AS span,
        month AS span_from,
        bool_or(is_withheld) AS is_withheld,
        bool_or(is_reply_withheld) AS is_reply_withheld
    FROM staging.stg_inquiry_part
    GROUP BY edition, month
    UNION ALL
    SELECT
        part.edition,
        'year',
        edition.period_from,
        bool_or(part.is_year_withheld),
        bool_or(part.is_reply_year_withheld)
    FROM staging.stg_inquiry_part AS part
    JOIN marts.dim_edition AS edition ON edition.edition = part.edition
    GROUP BY part.edition, edition.period_from
),

part AS (
    SELECT
        stretch.span,
        stretch.span_from,
        stretch.span_to,
        edition.*,
        coalesce(withheld.is_withheld, false) AS is_withheld,
        coalesce(withheld.is_reply_withheld, false) AS is_reply_withheld
    FROM stretch
    JOIN marts.dim_edition AS edition ON edition.edition = stretch.edition
    LEFT JOIN withheld
        ON withheld.edition = stretch.edition
        AND withheld.span = stretch.span
        AND withheld.span_from = stretch.span_from
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
    max(coalesce(covered.days_covered, 0)) OVER (PARTITION BY part.edition)
    < date_diff('day', part.period_from, part.period_to) + 1 AS is_partial,
    part.span,
    part.span_from,
    part.span_to,
    CASE
        WHEN part.inquiries_as_of IS NOT NULL THEN least(part.span_to, part.inquiries_as_of)
    END AS counted_until,
    date_diff('day', part.span_from, part.span_to) + 1 AS days,
    coalesce(covered.days_covered, 0) AS days_covered,
    part.is_withheld,
    part.is_reply_withheld
FROM part
LEFT JOIN covered
    ON covered.edition = part.edition
    AND covered.span = part.span
    AND covered.span_from = part.span_from
ORDER BY part.edition, part.span, part.span_from
