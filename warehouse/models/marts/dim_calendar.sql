-- Days, with the fiscal year of the market. Grain: calendar_on.
SELECT
    day::DATE AS calendar_on,
    year(day)::INTEGER AS calendar_year,
    month(day)::INTEGER AS calendar_month,
    fiscal_year(day, starts_in_month := starts) AS fiscal_year,
    fiscal_label(fiscal_year, starts_in_month := starts) AS fiscal_label,
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
