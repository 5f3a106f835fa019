-- Inquiries received, by month and in the whole report year. Grain: edition, span, span_from.
-- A month that no delivery covers is not available, not 0.
SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    span, span_from, span_to, days, days_covered,
    shown(inquiries, symbol) AS inquiries,
    shown(inquiries, symbol) AS numerator,
    NULL::BIGINT AS denominator,
    CASE WHEN symbol IS DISTINCT FROM 'x' THEN coverage END AS coverage,
    symbol
FROM staging.stg_inquiry_told
WHERE figure = 'inquiry_flow'
ORDER BY edition, span, span_from
