-- Buyers who sent inquiries by month. Grain: edition, span_from.
SELECT * EXCLUDE (span)
FROM staging.stg_inquiring_buyers
WHERE span = 'month'
ORDER BY year_basis DESC, year, span_from
