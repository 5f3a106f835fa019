-- Inquiries per paid seller, and the share of sellers without any, by month. Grain: edition, span_from.
SELECT * EXCLUDE (span)
FROM staging.stg_inquiries_per_seller
WHERE span = 'month'
ORDER BY year_basis DESC, year, span_from
