-- Requests for quotation by week. Grain: edition, span_from.
SELECT * EXCLUDE (span)
FROM staging.stg_rfq_demand
WHERE span = 'week'
ORDER BY year_basis DESC, year, span_from
