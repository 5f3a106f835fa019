-- How long buyers wait for the first reply, and how many got none, in the report year. Grain: edition.
SELECT * EXCLUDE (span, span_from, span_to)
FROM staging.stg_response_time
WHERE span = 'year'
ORDER BY year_basis DESC, year
