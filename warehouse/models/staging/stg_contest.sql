-- How each method has done on the series that each edition knows, what it projects from the edition's
-- last month, and why that is not shown. Grain: edition, measure, horizon, method.
-- mase: mean error divided by the mean change upon a year before. reason names the first rule that
-- stands against the projection; symbol is c or x then.
WITH frame AS (
    SELECT *, figure AS measure, 12 * year(period_to) + month(period_to) AS last_place
    FROM staging.stg_frame
    WHERE figure IN ('paid_sellers', 'live_listings', 'inquiries')
),

step AS (
    SELECT
        *,
        CASE WHEN place - lag(place) OVER series = 1
            THEN abs(log_value - lag(log_value) OVER series)
        END AS step
    FROM staging.stg_monthly
    WINDOW series AS (PARTITION BY year_basis, measure ORDER BY place)
),

series AS (
    SELECT
        frame.edition,
        frame.measure,
        count(month.place) AS good_months,
        coalesce(max(month.place) = frame.last_place, false) AS has_last,
        avg(abs(month.log_value - year_ago.log_value)) AS mean_change,
        count(month.step) FILTER (WHERE month.place <= frame.last_place - 12) AS steps_before,
        max(month.step) FILTER (WHERE month.place <= frame.last_place - 12) AS largest_before,
        max(month.step) FILTER (WHERE month.place > frame.last_place - 12) AS largest_since
    FROM frame
    LEFT JOIN step AS month
        ON month.year_basis = frame.year_basis
        AND month.measure = frame.measure
        AND month.place <= frame.last_place
    LEFT JOIN staging.stg_monthly AS year_ago
        ON year_ago.year_basis = month.year_basis
        AND year_ago.measure = month.measure
        AND year_ago.place = month.place - 12
    GROUP BY frame.edition, frame.measure, frame.last_place
),

contest AS (
    SELECT
        frame.*,
        horizon.horizon,
        method.method,
        count(band.error) AS cases,
        avg(abs(band.error)) AS mean_error,
        avg(exp(-band.error) - 1) AS bias,
        count(band.is_inside) FILTER (WHERE band.errors >= 8) AS tested,
        count(*) FILTER (WHERE band.is_inside AND band.errors >= 8) AS inside
    FROM frame
    CROSS JOIN (VALUES (6), (12)) AS horizon (horizon)
    CROSS JOIN (VALUES ('naive'), ('seasonal_naive'), ('drift'), ('same_month')) AS method (method)
    LEFT JOIN staging.stg_band AS band
        ON band.year_basis = frame.year_basis
        AND band.measure = frame.measure
        AND band.horizon = horizon.horizon
        AND band.method = method.method
        AND band.origin + band.horizon <= frame.last_place
    GROUP BY ALL
),

judged AS (
    SELECT
        contest.*,
        series.* EXCLUDE (edition, measure),
        contest.mean_error / nullif(series.mean_change, 0) AS mase,
        min(mase) FILTER (WHERE method IN ('naive', 'seasonal_naive')) OVER (
            PARTITION BY contest.edition, contest.measure, contest.horizon
        ) AS naive_mase,
        hidden.cell IS NOT NULL AS is_hidden
    FROM contest
    JOIN series ON series.edition = contest.edition AND series.measure = contest.measure
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = 'projection'
        AND hidden.edition = contest.edition
        AND hidden.cell = contest.measure
)

SELECT
    judged.*,
    own.projected,
    own.half_width,
    own.past_errors,
    coalesce(own.errors, 0) AS errors,
    CASE
        WHEN NOT is_available THEN 'the exports do not hold it'
        WHEN is_hidden THEN 'a month of it is withheld'
        WHEN coalesce(judged.as_of < judged.period_to, true) OR NOT has_last
            THEN 'the year or its last month is not complete'
        WHEN good_months < CASE judged.horizon WHEN 6 THEN 24 ELSE 36 END
            THEN good_months || ' good months, fewer than '
                || CASE judged.horizon WHEN 6 THEN 24 ELSE 36 END
        WHEN steps_before >= 12 AND largest_since > 2 * largest_before
            THEN 'a month of the last year changed more than twice as much as any before'
        WHEN own.projected IS NULL THEN 'a month that it rests on is missing'
        WHEN errors < 8 THEN errors || ' past projections with a known outcome, fewer than 8'
        WHEN coalesce(mase >= naive_mase, true) THEN 'not better than both naive methods'
        WHEN tested >= 10 AND inside / tested NOT BETWEEN 0.65 AND 0.95
            THEN 'its 80% bands were too ' || CASE WHEN inside / tested > 0.95 THEN 'wide' ELSE 'narrow' END
                || ', since ' || inside || ' of ' || tested
                || ' held the outcome (65 to 95% is required)'
        WHEN exp(own.half_width) - 1 > 0.25 THEN 'its band would be wider than 25% to a side'
    END AS reason,
    CASE WHEN is_available AND is_hidden THEN 'c' WHEN reason IS NOT NULL THEN 'x' END AS symbol
FROM judged
LEFT JOIN staging.stg_band AS own
    ON own.year_basis = judged.year_basis
    AND own.measure = judged.measure
    AND own.horizon = judged.horizon
    AND own.method = judged.method
    AND own.origin = judged.last_place
ORDER BY judged.edition, judged.measure, judged.horizon, judged.method
