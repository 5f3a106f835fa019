-- In how many countries a seller's buyers are, over sellers with at least five inquiries.
-- Grain: edition. Of two classes of sellers neither may be small: one is what the other leaves; nor
-- may those with fewer inquiries be, which report.online_order_coverage leaves of all that have any.
WITH counted AS (
    SELECT
        edition,
        count(*) AS sellers,
        sum(countries)::BIGINT AS countries,
        median(countries)::DOUBLE AS median_countries,
        count(*) FILTER (WHERE countries >= 10) AS wide,
        count(*) FILTER (WHERE continents >= 4) AS far,
        sum(inquiries_known) / sum(inquiries) AS coverage
    FROM staging.stg_reach
    GROUP BY edition
),

asked AS (
    SELECT edition, count(DISTINCT seller_id) AS sellers
    FROM staging.stg_inquiry
    WHERE is_counted
    GROUP BY edition
),

judged AS (
    SELECT
        report_year.edition,
        report_year.year_basis,
        report_year.year,
        report_year.period_from,
        report_year.period_to,
        report_year.inquiries_as_of,
        span.is_partial,
        span.days,
        span.days_covered,
        counted.sellers,
        counted.countries,
        counted.median_countries,
        counted.wide,
        counted.far,
        counted.coverage,
        CASE
            WHEN available.is_available IS NOT true OR counted.sellers IS NULL THEN 'x'
            WHEN counted.sellers < market.smallest_cell
                OR asked.sellers - counted.sellers BETWEEN 1 AND market.smallest_cell - 1
                THEN 'c'
        END AS symbol,
        least(nullif(counted.wide, 0), nullif(counted.sellers - counted.wide, 0))
        < market.smallest_cell AS is_wide_small,
        least(nullif(counted.far, 0), nullif(counted.sellers - counted.far, 0))
        < market.smallest_cell AS is_far_small
    FROM marts.dim_edition AS report_year
    CROSS JOIN lake.market AS market
    LEFT JOIN staging.stg_inquiry_span AS span
        ON span.edition = report_year.edition AND span.span = 'year'
    LEFT JOIN counted ON counted.edition = report_year.edition
    LEFT JOIN asked ON asked.edition = report_year.edition
    LEFT JOIN staging.stg_available AS available
        ON available.edition = report_year.edition AND available.figure = 'destination_reach'
),

shown AS (
    SELECT
        *,
        symbol IS NULL AS is_shown,
        CASE WHEN symbol IS NULL AND is_wide_small THEN 'c' ELSE symbol END AS wide_symbol,
        CASE WHEN symbol IS NULL AND is_far_small THEN 'c' ELSE symbol END AS far_symbol
    FROM judged
)

SELECT
    edition,
    year_basis,
    inquiries_as_of AS as_of,
    period_from,
    period_to,
    is_partial,
    days,
    days_covered,
    CASE WHEN is_shown THEN countries / nullif(sellers, 0) END AS mean_countries,
    CASE WHEN is_shown THEN countries END AS mean_countries_numerator,
    CASE WHEN is_shown THEN sellers END AS mean_countries_denominator,
    CASE WHEN is_shown THEN coverage END AS mean_countries_coverage,
    symbol AS mean_countries_symbol,
    CASE WHEN is_shown THEN median_countries END AS median_countries,
    CASE WHEN is_shown THEN sellers END AS median_countries_numerator,
    NULL::BIGINT AS median_countries_denominator,
    CASE WHEN is_shown THEN coverage END AS median_countries_coverage,
    symbol AS median_countries_symbol,
    CASE WHEN is_shown AND NOT coalesce(is_wide_small, false) THEN wide / nullif(sellers, 0) END
        AS ten_countries_share,
    CASE WHEN is_shown AND NOT coalesce(is_wide_small, false) THEN wide END
        AS ten_countries_share_numerator,
    CASE WHEN is_shown THEN sellers END AS ten_countries_share_denominator,
    CASE WHEN is_shown THEN coverage END AS ten_countries_share_coverage,
    wide_symbol AS ten_countries_share_symbol,
    CASE WHEN is_shown AND NOT coalesce(is_far_small, false) THEN far / nullif(sellers, 0) END
        AS four_continents_share,
    CASE WHEN is_shown AND NOT coalesce(is_far_small, false) THEN far END
        AS four_continents_share_numerator,
    CASE WHEN is_shown THEN sellers END AS four_continents_share_denominator,
    CASE WHEN is_shown THEN coverage END AS four_continents_share_coverage,
    far_symbol AS four_continents_share_symbol
FROM shown
ORDER BY year_basis DESC, year
