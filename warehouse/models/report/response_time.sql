-- How long buyers wait for the first reply, and how many got none, by month and report year.
-- Grain: edition, span, span_from. What a machine answered first is left out: when a person did is
-- not known.
WITH reply AS (
    SELECT
        part.edition,
        part.span,
        part.span_from,
        inquiry.inquiry_id,
        inquiry.received_at,
        inquiry.first_reply_at IS NOT NULL AND inquiry.is_auto_reply IS true AS is_automatic,
        (epoch(inquiry.first_reply_at) - epoch(inquiry.received_at)) / 3600 AS hours
    FROM staging.stg_inquiry_span AS part
    LEFT JOIN staging.stg_inquiry AS inquiry
        ON inquiry.edition = part.edition
        AND inquiry.is_counted
        AND inquiry.counted_on BETWEEN part.span_from AND part.span_to
),

counted AS (
    SELECT
        edition,
        span,
        span_from,
        count(*) FILTER (WHERE received_at IS NOT NULL AND NOT is_automatic) AS inquiries,
        count(hours) FILTER (WHERE NOT is_automatic) AS replied,
        median(hours) FILTER (WHERE NOT is_automatic) AS median_hours,
        count(received_at) / nullif(count(inquiry_id), 0) AS coverage
    FROM reply
    GROUP BY edition, span, span_from
),

shown AS (
    SELECT
        part.*,
        coalesce(available.is_available, false) AND part.days_covered > 0 AS is_available,
        counted.inquiries,
        counted.replied,
        counted.median_hours,
        counted.coverage
    FROM staging.stg_inquiry_span AS part
    JOIN counted
        ON counted.edition = part.edition
        AND counted.span = part.span
        AND counted.span_from = part.span_from
    LEFT JOIN staging.stg_available AS available
        ON available.edition = part.edition AND available.figure = 'response_time'
),

open AS (
    SELECT
        *,
        is_available AND NOT is_reply_withheld AS is_shown,
        CASE
            WHEN NOT is_available OR inquiries = 0 THEN 'x'
            WHEN is_reply_withheld THEN 'c'
        END AS symbol
    FROM shown
)

SELECT
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial,
    span,
    span_from,
    span_to,
    days,
    days_covered,
    CASE WHEN is_shown THEN median_hours END AS median_hours,
    CASE WHEN is_shown THEN replied END AS median_hours_numerator,
    CASE WHEN is_shown THEN inquiries END AS median_hours_denominator,
    CASE WHEN is_available THEN coverage END AS median_hours_coverage,
    CASE WHEN is_shown AND replied = 0 THEN 'x' ELSE symbol END AS median_hours_symbol,
    CASE WHEN is_shown THEN (inquiries - replied) / nullif(inquiries, 0) END AS unreplied_share,
    CASE WHEN is_shown THEN inquiries - replied END AS unreplied_share_numerator,
    CASE WHEN is_shown THEN inquiries END AS unreplied_share_denominator,
    CASE WHEN is_available THEN coverage END AS unreplied_share_coverage,
    symbol AS unreplied_share_symbol
FROM open
ORDER BY year_basis DESC, year, span DESC, span_from
