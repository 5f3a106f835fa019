-- Buyers who sent inquiries, by month and in the report year. Grain: edition, span, span_from.
-- People, each counted once in a span: months do not add up to the year.
WITH counted AS (
    SELECT
        part.edition,
        part.span,
        part.span_from,
        count(DISTINCT inquiry.buyer_key) AS buyers,
        count(inquiry.buyer_key) AS inquiries,
        count(inquiry.buyer_key) / nullif(count(inquiry.inquiry_id), 0) AS coverage
    FROM staging.stg_inquiry_span AS part
    LEFT JOIN staging.stg_inquiry AS inquiry
        ON inquiry.edition = part.edition
        AND inquiry.is_counted
        AND inquiry.counted_on BETWEEN part.span_from AND part.span_to
    GROUP BY part.edition, part.span, part.span_from
),

shown AS (
    SELECT
        part.*,
        coalesce(available.is_available, false) AND part.days_covered > 0 AS is_available,
        counted.buyers,
        counted.inquiries,
        counted.coverage
    FROM staging.stg_inquiry_span AS part
    JOIN counted
        ON counted.edition = part.edition
        AND counted.span = part.span
        AND counted.span_from = part.span_from
    LEFT JOIN staging.stg_available AS available
        ON available.edition = part.edition AND available.figure = 'inquiring_buyers'
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
    CASE WHEN is_available AND NOT is_withheld THEN buyers END AS buyers,
    CASE WHEN is_available AND NOT is_withheld THEN inquiries END AS inquiries,
    CASE WHEN is_available AND NOT is_withheld THEN buyers END AS numerator,
    NULL::BIGINT AS denominator,
    CASE WHEN is_available THEN coverage END AS coverage,
    CASE
        WHEN NOT is_available THEN 'x'
        WHEN is_withheld THEN 'c'
    END AS symbol
FROM shown
ORDER BY year_basis DESC, year, span DESC, span_from
