-- How long buyers wait for the first reply, and how many got none, by month. Grain: edition, span_from.
SELECT * EXCLUDE (span)
FROM staging.stg_response_time
WHERE span = 'month'
ORDER BY year_basis DESC, year, span_from
