-- Buyers who sent inquiries in the report year. Grain: edition.
SELECT * EXCLUDE (span, span_from, span_to)
FROM staging.stg_inquiring_buyers
WHERE span = 'year'
ORDER BY year_basis DESC, year
