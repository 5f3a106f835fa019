-- Requests for quotation in the report year. Grain: edition.
SELECT * EXCLUDE (span, span_from, span_to)
FROM staging.stg_rfq_demand
WHERE span = 'year'
ORDER BY year_basis DESC, year
