-- Inquiries per visitor of the listings by month. Grain: edition, span_from.
SELECT * EXCLUDE (span)
FROM staging.stg_inquiry_rate
WHERE span = 'month'
ORDER BY year_basis DESC, year, span_from
