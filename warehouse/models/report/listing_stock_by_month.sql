-- Live listings and all listings ever seen, apart, at the census that closes each month of an
-- edition. Grain: edition, month. A month without a census is not available; without any census
-- the edition has one row, without a month.
WITH month AS (
    SELECT
        edition,
        unnest(generate_series(period_from, listings_as_of, INTERVAL 1 MONTH))::DATE AS month
    FROM marts.dim_edition
    UNION ALL
    SELECT edition, NULL FROM marts.dim_edition WHERE listings_as_of IS NULL
),

told AS (
    SELECT
        edition.*,
        month.month,
        stock.census_on,
        CASE WHEN live.is_available THEN stock.live_listings END AS live_listings,
        stock.live_coverage,
        CASE WHEN ever.is_available THEN stock.listings_ever END AS listings_ever,
        stock.ever_coverage,
        CASE WHEN edition.listings_as_of < edition.period_to THEN 'p' END AS provisional
    FROM month
    JOIN marts.dim_edition AS edition ON edition.edition = month.edition
    LEFT JOIN staging.stg_listing_stock AS stock ON stock.month = month.month
    LEFT JOIN staging.stg_available AS live
        ON live.edition = month.edition AND live.figure = 'live_listings'
    LEFT JOIN staging.stg_available AS ever
        ON ever.edition = month.edition AND ever.figure = 'listings_ever'
)

SELECT
    edition,
    year_basis,
    listings_as_of AS as_of,
    period_from,
    period_to,
    listings_as_of IS NULL OR listings_as_of < period_to AS is_partial,
    month,
    census_on,
    live_listings,
    live_listings AS live_listings_numerator,
    NULL::BIGINT AS live_listings_denominator,
    CASE WHEN live_listings IS NOT NULL THEN live_coverage END AS live_listings_coverage,
    CASE WHEN live_listings IS NULL THEN 'x' ELSE provisional END AS live_listings_symbol,
    listings_ever,
    listings_ever AS listings_ever_numerator,
    NULL::BIGINT AS listings_ever_denominator,
    CASE WHEN listings_ever IS NOT NULL THEN ever_coverage END AS listings_ever_coverage,
    CASE WHEN listings_ever IS NULL THEN 'x' ELSE provisional END AS listings_ever_symbol
FROM told
ORDER BY year_basis DESC, year, month
