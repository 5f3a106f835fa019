-- The 80 % band of each projection, by what was known when it was made. Grain: year_basis, measure,
-- horizon, method, origin. Half of it is the wider of the method's own width and of the k-th smallest of
-- the n errors that were known by then, k = 0.8 (n + 1) rounded up. Widths and errors are of logarithms.
WITH past AS (
    SELECT
        now.*,
        list_sort(list(abs(past.error)) FILTER (WHERE past.error IS NOT NULL)) AS past_errors
    FROM staging.stg_projected AS now
    LEFT JOIN staging.stg_projected AS past
        ON past.year_basis = now.year_basis
        AND past.measure = now.measure
        AND past.horizon = now.horizon
        AND past.method = now.method
        AND past.origin + past.horizon <= now.origin
    GROUP BY ALL
)

SELECT
    *,
    coalesce(len(past_errors), 0) AS errors,
    greatest(model_width, past_errors[ceil(0.8 * (errors + 1))::INTEGER]) AS half_width,
    abs(error) <= half_width AS is_inside
FROM past
ORDER BY year_basis, measure, horizon, method, origin
