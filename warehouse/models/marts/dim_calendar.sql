-- Days, with the fiscal year of the market. Grain: calendar_on.
SELECT
    day::DATE AS calendar_on,
    year(day)::INTEGER AS calendar_year,
    month(day)::INTEGER AS calendar_month,
    (year(day) + CASE WHEN starts > 1 AND month(day) >= starts THEN 1 ELSE 0 END)::INTEGER
        AS fiscal_year,
    CASE
        WHEN starts = 1 THEN year(day)::VARCHAR
        WHEN month(day) >= starts
            THEN year(day) || '-' || lpad(((year(day) + 1) % 100)::VARCHAR, 2, '0')
        ELSE (year(day) - 1) || '-' || lpad((year(day) % 100)::VARCHAR, 2, '0')
    END AS fiscal_label,
    isodow(day)::INTEGER AS weekday,
    day::DATE = last_day(day::DATE) AS is_month_end
FROM (
    SELECT
        unnest(generate_series(
            date_trunc('year', min(export_date)) - INTERVAL 1 YEAR,
            date_trunc('year', max(export_date)) + INTERVAL 2 YEAR - INTERVAL 1 DAY,
            INTERVAL 1 DAY
        )) AS day,
        (SELECT fiscal_year_starts_in_month FROM lake.market) AS starts
    FROM staging.stg_night
)
ORDER BY calendar_on
