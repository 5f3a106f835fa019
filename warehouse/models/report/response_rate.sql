-- Response rate by the platform's formula: of all inquiries and chats, and the median of sellers.
-- Grain: edition. The two differ: a few busy sellers make the first, the typical seller the second.
-- Withheld where few sellers replied in time or few did not, and where few are busy or few are not.
WITH counted AS (
    SELECT
        edition,
        sum(valid)::BIGINT AS valid,
        sum(replied)::BIGINT AS replied,
        sum(known) / sum(messages) AS coverage,
        count(*) FILTER (WHERE valid > 0) AS sellers,
        count(*) FILTER (WHERE valid >= 10) AS busy_sellers,
        count(*) FILTER (WHERE replied > 0) AS sellers_with,
        count(*) FILTER (WHERE replied < valid) AS sellers_without,
        median(replied / nullif(valid, 0)) FILTER (WHERE valid >= 10) AS seller_median
    FROM staging.stg_response
    GROUP BY edition
),

covered AS (
    SELECT edition.edition, count(*) AS days_covered
    FROM marts.dim_edition AS edition
    JOIN staging.stg_covered_day AS day
        ON day.covered_on BETWEEN edition.inquiries_as_of - 36 AND edition.inquiries_as_of - 7
    GROUP BY edition.edition
),

shown AS (
    SELECT
        report_year.edition,
        report_year.year_basis,
        report_year.year,
        report_year.period_from,
        report_year.period_to,
        report_year.inquiries_as_of,
        coalesce(covered.days_covered, 0) AS days_covered,
        counted.valid,
        counted.replied,
        counted.coverage,
        counted.sellers,
        counted.busy_sellers,
        counted.seller_median,
        CASE
            WHEN available.is_available IS NOT true OR counted.sellers IS NULL OR counted.valid = 0
                THEN 'x'
            WHEN counted.sellers < market.smallest_cell
                OR least(nullif(counted.sellers_with, 0), nullif(counted.sellers_without, 0))
                < market.smallest_cell
                THEN 'c'
        END AS pooled_symbol,
        CASE
            WHEN available.is_available IS NOT true OR coalesce(counted.busy_sellers, 0) = 0
                THEN 'x'
            WHEN counted.busy_sellers < market.smallest_cell
                OR counted.sellers - counted.busy_sellers BETWEEN 1 AND market.smallest_cell - 1
                THEN 'c'
        END AS seller_median_symbol
    FROM marts.dim_edition AS report_year
    CROSS JOIN lake.market AS market
    LEFT JOIN counted ON counted.edition = report_year.edition
    LEFT JOIN covered ON covered.edition = report_year.edition
    LEFT JOIN staging.stg_available AS available
        ON available.edition = report_year.edition AND available.figure = 'response_rate'
),

open AS (
    SELECT
        *,
        pooled_symbol IS NULL AS is_pooled_shown,
        seller_median_symbol IS NULL AS is_median_shown
    FROM shown
)

SELECT
    edition,
    year_basis,
    inquiries_as_of AS as_of,
    period_from,
    period_to,
    inquiries_as_of IS NULL OR inquiries_as_of < period_to OR days_covered < 30 AS is_partial,
    inquiries_as_of - 36 AS window_from,
    inquiries_as_of - 7 AS window_to,
    30 AS days,
    days_covered,
    CASE WHEN is_pooled_shown THEN replied / nullif(valid, 0) END AS pooled,
    CASE WHEN is_pooled_shown THEN replied END AS pooled_numerator,
    CASE WHEN is_pooled_shown THEN valid END AS pooled_denominator,
    CASE WHEN is_pooled_shown THEN coverage END AS pooled_coverage,
    pooled_symbol,
    CASE WHEN is_median_shown THEN seller_median END AS seller_median,
    CASE WHEN is_median_shown THEN busy_sellers END AS seller_median_numerator,
    CASE WHEN is_median_shown THEN sellers END AS seller_median_denominator,
    CASE WHEN is_median_shown THEN coverage END AS seller_median_coverage,
    seller_median_symbol
FROM open
ORDER BY year_basis DESC, year
