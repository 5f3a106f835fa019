-- Inquiries per visitor of the listings in the report year. Grain: edition.
SELECT * EXCLUDE (span, span_from, span_to)
FROM staging.stg_inquiry_rate
WHERE span = 'year'
ORDER BY year_basis DESC, year
