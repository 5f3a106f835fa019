-- Report years, fiscal and calendar, with at least one night that counts.
-- Grain: edition. An edition need not be a finished year: each dataset has its own last good night,
-- and without one its figures are not available.
WITH basis AS (
    SELECT 'fiscal' AS year_basis, 'FY' AS prefix, fiscal_year_starts_in_month AS starts
    FROM lake.market
    UNION ALL
    SELECT 'calendar', 'CY', 1
),

night AS (
    SELECT
        basis.year_basis,
        basis.prefix,
        basis.starts,
        stg_night.dataset,
        stg_night.export_date,
        stg_night.is_good,
        fiscal_year(export_date, starts_in_month := starts) AS year
    FROM staging.stg_night
    CROSS JOIN basis
    WHERE stg_night.is_usable
)

SELECT
    prefix || year AS edition,
    year_basis,
    year,
    make_date(year - CASE WHEN starts > 1 THEN 1 ELSE 0 END, starts, 1) AS period_from,
    (make_date(year - CASE WHEN starts > 1 THEN 1 ELSE 0 END, starts, 1) + INTERVAL 1 YEAR)::DATE
        - 1 AS period_to,
    max(export_date) FILTER (WHERE is_good AND dataset = 'sellers') AS sellers_as_of,
    max(export_date) FILTER (WHERE is_good AND dataset = 'listings') AS listings_as_of,
    max(export_date) FILTER (WHERE is_good AND dataset = 'inquiries') AS inquiries_as_of
FROM night
GROUP BY prefix, year, year_basis, starts
ORDER BY year_basis DESC, year
