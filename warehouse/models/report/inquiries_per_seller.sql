-- Inquiries per paid seller, and the share of sellers without any, in the report year. Grain: edition.
SELECT * EXCLUDE (span, span_from, span_to)
FROM staging.stg_inquiries_per_seller
WHERE span = 'year'
ORDER BY year_basis DESC, year
