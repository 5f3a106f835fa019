-- What each method projects six and twelve months ahead of every good month, on logarithms, and what
-- came of it. Grain: year_basis, measure, horizon, method, origin (a month by its place).
-- naive: the last month. seasonal_naive: the same month a year before. drift: the mean change since the
-- first month goes on. same_month: the same month a year before, and the mean change upon a year before
-- of the last twelve months, of which six must be known. Of inquiries the months ahead are summed.
-- model_width is half of an 80 % band by the method's own residuals; sums have none. A case counts if
-- all methods make it.
WITH month AS (
    SELECT
        *,
        place - first(place) OVER series AS months_since,
        (log_value - first(log_value) OVER series) / nullif(months_since, 0) AS slope
    FROM staging.stg_monthly
    WINDOW series AS (PARTITION BY year_basis, measure ORDER BY place)
),

change AS (
    SELECT month.year_basis, month.measure, month.place, gap.months, month.log_value - before.log_value AS change
    FROM month
    CROSS JOIN (VALUES (1), (12)) AS gap (months)
    JOIN month AS before
        ON before.year_basis = month.year_basis
        AND before.measure = month.measure
        AND before.place = month.place - gap.months
),

origin AS (
    SELECT
        month.year_basis,
        month.measure,
        month.is_flow,
        month.place AS origin,
        month.log_value,
        month.months_since,
        month.slope,
        avg(change.change) FILTER (WHERE months = 12 AND change.place > month.place - 12) AS yearly,
        count(*) FILTER (WHERE months = 12 AND change.place > month.place - 12) AS pairs,
        sqrt(avg(change.change ** 2) FILTER (WHERE months = 1)) AS naive_sd,
        sqrt(avg(change.change ** 2) FILTER (WHERE months = 12)) AS seasonal_naive_sd,
        sqrt(avg((change.change - month.slope) ** 2) FILTER (WHERE months = 1)) AS drift_sd,
        coalesce(
            stddev_samp(change.change) FILTER (WHERE months = 12 AND change.place > month.place - 12), 0
        ) AS same_month_sd
    FROM month
    JOIN change
        ON change.year_basis = month.year_basis
        AND change.measure = month.measure
        AND change.place <= month.place
    GROUP BY ALL
    HAVING pairs >= 6
),

path AS (
    SELECT
        origin.*,
        ahead.months,
        unnest([
            {method: 'naive', value: origin.log_value},
            {method: 'seasonal_naive', value: year_ago.log_value},
            {method: 'drift', value: origin.log_value + ahead.months * origin.slope},
            {method: 'same_month', value: year_ago.log_value + yearly}
        ], recursive := true)
    FROM origin
    CROSS JOIN generate_series(1, 12) AS ahead (months)
    LEFT JOIN month AS year_ago
        ON year_ago.year_basis = origin.year_basis
        AND year_ago.measure = origin.measure
        AND year_ago.place = origin.origin + ahead.months - 12
),

-- The last of the months ahead, or of a flow their sum.
projected AS (
    SELECT
        path.year_basis,
        path.measure,
        path.is_flow,
        horizon.horizon,
        path.method,
        path.origin,
        CASE
            WHEN NOT path.is_flow THEN max(path.value) FILTER (WHERE path.months = horizon.horizon)
            WHEN count(path.value) = horizon.horizon THEN ln(sum(exp(path.value)))
        END AS projected,
        CASE
            WHEN path.is_flow THEN NULL
            WHEN path.method = 'naive' THEN naive_sd * sqrt(horizon.horizon)
            WHEN path.method = 'seasonal_naive' THEN seasonal_naive_sd
            WHEN path.method = 'drift'
                THEN drift_sd * sqrt(horizon.horizon * (1 + horizon.horizon / months_since))
            ELSE same_month_sd * sqrt(1 + 1 / pairs)
        END * 1.2815515655446004 AS model_width
    FROM path
    JOIN (VALUES (6), (12)) AS horizon (horizon) ON path.months <= horizon.horizon
    GROUP BY
        path.year_basis, path.measure, path.is_flow, horizon.horizon, path.method, path.origin,
        naive_sd, seasonal_naive_sd, drift_sd, same_month_sd, months_since, pairs
),

came AS (
    SELECT
        projected.*,
        count(*) FILTER (WHERE projected.projected IS NOT NULL) OVER (
            PARTITION BY projected.year_basis, projected.measure, projected.horizon, projected.origin
        ) AS methods,
        CASE
            WHEN NOT projected.is_flow THEN (
                SELECT log_value FROM month
                WHERE month.year_basis = projected.year_basis AND month.measure = projected.measure
                    AND month.place = projected.origin + projected.horizon
            )
            ELSE (
                SELECT CASE WHEN count(*) = projected.horizon THEN ln(sum(month.value)) END FROM month
                WHERE month.year_basis = projected.year_basis AND month.measure = projected.measure
                    AND month.place > projected.origin
                    AND month.place <= projected.origin + projected.horizon
            )
        END AS actual
    FROM projected
)

SELECT * EXCLUDE (methods), actual - projected AS error
FROM came
WHERE methods = 4
ORDER BY year_basis, measure, horizon, method, origin
