-- Buyers who sent inquiries, by month and in the report year. Grain: edition, span, span_from.
-- Each buyer counts once per period, so months do not add up to the year.
SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    span, span_from, span_to, days, days_covered,
    shown(buyers, symbol) AS buyers,
    shown(inquiries_of_buyers, symbol) AS inquiries,
    shown(buyers, symbol) AS numerator,
    NULL::BIGINT AS denominator,
    CASE WHEN symbol IS DISTINCT FROM 'x' THEN buyer_coverage END AS coverage,
    symbol
FROM staging.stg_inquiry_told
WHERE figure = 'inquiring_buyers'
ORDER BY edition, span, span_from
