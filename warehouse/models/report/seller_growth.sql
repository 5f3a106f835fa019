-- Paid sellers of each edition, against the same date a year before and since the first census.
-- Grain: edition. A rate names its comparison date; without one it is not available.
WITH base AS (
    SELECT
        night.as_of,
        night.years_back,
        night.compared_on,
        night.years_back = max(night.years_back) OVER (PARTITION BY night.as_of) AS is_first_year,
        census.paid_sellers
    FROM staging.stg_comparison_night AS night
    JOIN staging.stg_census AS census ON census.snapshot_date = night.compared_on
    -- A year that began without sellers has no rate; no other date replaces its start.
    QUALIFY census.paid_sellers > 0
),

growth AS (
    SELECT
        frame.*,
        symbol_of(frame.is_available, total.cell IS NOT NULL) AS symbol,
        shown(census.paid_sellers, symbol) AS sellers,
        shown(census.coverage, symbol) AS coverage,
        last_year.compared_on AS last_year_on,
        symbol_of(
            last_year.compared_on IS NOT NULL, total.cell IS NOT NULL OR small_last.cell IS NOT NULL
        ) AS yoy_symbol,
        shown(last_year.paid_sellers, yoy_symbol) AS last_year_sellers,
        first_year.compared_on AS first_year_on,
        first_year.years_back,
        symbol_of(
            first_year.compared_on IS NOT NULL, total.cell IS NOT NULL OR small_first.cell IS NOT NULL
        ) AS cagr_symbol,
        shown(first_year.paid_sellers, cagr_symbol) AS first_year_sellers
    FROM staging.stg_frame AS frame
    LEFT JOIN staging.stg_census AS census ON census.snapshot_date = frame.as_of
    LEFT JOIN base AS last_year
        ON last_year.as_of = frame.as_of AND last_year.years_back = 1 AND frame.is_available
    LEFT JOIN base AS first_year
        ON first_year.as_of = frame.as_of AND first_year.is_first_year AND frame.is_available
    LEFT JOIN disclosure.suppressed AS total
        ON total.figure = 'paid_sellers' AND total.edition = frame.edition AND total.cell = ''
    LEFT JOIN disclosure.suppressed AS small_last
        ON small_last.figure = frame.figure
        AND small_last.edition = frame.edition
        AND small_last.cell = last_year.compared_on::VARCHAR
    LEFT JOIN disclosure.suppressed AS small_first
        ON small_first.figure = frame.figure
        AND small_first.edition = frame.edition
        AND small_first.cell = first_year.compared_on::VARCHAR
    WHERE frame.figure = 'seller_growth'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    sellers AS paid_sellers,
    sellers AS paid_sellers_numerator,
    NULL::BIGINT AS paid_sellers_denominator,
    coverage AS paid_sellers_coverage,
    symbol AS paid_sellers_symbol,
    sellers / last_year_sellers - 1 AS yoy_growth,
    shown(sellers, yoy_symbol) AS yoy_growth_numerator,
    last_year_sellers AS yoy_growth_denominator,
    shown(coverage, yoy_symbol) AS yoy_growth_coverage,
    yoy_symbol AS yoy_growth_symbol,
    last_year_on AS yoy_growth_from,
    (sellers / first_year_sellers) ** (1.0 / years_back) - 1 AS cagr,
    shown(sellers, cagr_symbol) AS cagr_numerator,
    first_year_sellers AS cagr_denominator,
    shown(coverage, cagr_symbol) AS cagr_coverage,
    cagr_symbol,
    first_year_on AS cagr_from,
    years_back AS cagr_years
FROM growth
ORDER BY year_basis DESC, year
