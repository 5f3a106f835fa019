-- Inquiries per visitor of the listings by week. Grain: edition, span_from.
SELECT * EXCLUDE (span)
FROM staging.stg_inquiry_rate
WHERE span = 'week'
ORDER BY year_basis DESC, year, span_from
