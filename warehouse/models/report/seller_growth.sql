-- Paid sellers of each edition, against the same date a year before and since the first census.
-- Grain: edition. A rate names the night it starts from; without one it is not available.
WITH paid AS (
    SELECT
        snapshot_date,
        count(*) FILTER (WHERE is_paid) AS sellers,
        count(country_iso2) / count(*) AS coverage
    FROM staging.stg_census_seller
    GROUP BY snapshot_date
),

base AS (
    SELECT
        stg_base_night.as_of,
        years_back,
        base_on,
        paid.sellers,
        years_back = max(years_back) OVER (PARTITION BY stg_base_night.as_of) AS is_first_year
    FROM staging.stg_base_night
    JOIN paid ON paid.snapshot_date = stg_base_night.base_on
),

-- A year that began with nobody has no rate; an earlier or later start is not put in its place.
countable AS (
    SELECT *, sellers < (SELECT smallest_cell FROM lake.market) AS is_small
    FROM base
    WHERE sellers > 0
),

growth AS (
    SELECT
        edition.edition,
        edition.year_basis,
        edition.year,
        edition.sellers_as_of AS as_of,
        edition.period_from,
        edition.period_to,
        edition.sellers_as_of IS NULL OR edition.sellers_as_of < edition.period_to AS is_partial,
        CASE WHEN available.is_available AND total.is_withheld IS NOT true THEN paid.sellers END
            AS sellers,
        CASE WHEN available.is_available AND total.is_withheld IS NOT true THEN paid.coverage END
            AS coverage,
        coalesce(available.is_available AND total.is_withheld, false) AS is_withheld,
        last_year.base_on AS last_year_on,
        last_year.sellers AS last_year_sellers,
        coalesce(total.is_withheld, false) OR last_year.is_small AS is_last_year_withheld,
        first_year.base_on AS first_year_on,
        first_year.sellers AS first_year_sellers,
        coalesce(total.is_withheld, false) OR first_year.is_small AS is_first_year_withheld,
        first_year.years_back AS first_year_back
    FROM marts.dim_edition AS edition
    LEFT JOIN staging.stg_available AS available
        ON available.edition = edition.edition AND available.figure = 'seller_growth'
    LEFT JOIN staging.stg_total AS total
        ON total.edition = edition.edition AND total.figure = 'paid_sellers'
    LEFT JOIN paid ON paid.snapshot_date = edition.sellers_as_of
    LEFT JOIN countable AS last_year
        ON available.is_available
        AND last_year.as_of = edition.sellers_as_of
        AND last_year.years_back = 1
    LEFT JOIN countable AS first_year
        ON available.is_available
        AND first_year.as_of = edition.sellers_as_of
        AND first_year.is_first_year
)

SELECT
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial,
    sellers AS paid_sellers,
    sellers AS paid_sellers_numerator,
    NULL::BIGINT AS paid_sellers_denominator,
    coverage AS paid_sellers_coverage,
    CASE WHEN is_withheld THEN 'c' WHEN sellers IS NULL THEN 'x' END
        AS paid_sellers_symbol,
    CASE WHEN NOT is_last_year_withheld THEN sellers / last_year_sellers - 1 END AS yoy_growth,
    CASE WHEN NOT is_last_year_withheld THEN sellers END AS yoy_growth_numerator,
    CASE WHEN NOT is_last_year_withheld THEN last_year_sellers END AS yoy_growth_denominator,
    CASE WHEN NOT is_last_year_withheld THEN coverage END AS yoy_growth_coverage,
    CASE
        WHEN last_year_on IS NULL THEN 'x'
        WHEN is_last_year_withheld THEN 'c'
    END AS yoy_growth_symbol,
    last_year_on AS yoy_growth_from,
    CASE
        WHEN NOT is_first_year_withheld
            THEN (sellers / first_year_sellers) ** (1.0 / first_year_back) - 1
    END AS cagr,
    CASE WHEN NOT is_first_year_withheld THEN sellers END AS cagr_numerator,
    CASE WHEN NOT is_first_year_withheld THEN first_year_sellers END AS cagr_denominator,
    CASE WHEN NOT is_first_year_withheld THEN coverage END AS cagr_coverage,
    CASE
        WHEN first_year_on IS NULL THEN 'x'
        WHEN is_first_year_withheld THEN 'c'
    END AS cagr_symbol,
    first_year_on AS cagr_from,
    first_year_back AS cagr_years
FROM growth
ORDER BY year_basis DESC, year
