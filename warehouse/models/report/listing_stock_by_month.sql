-- Live listings at the census that closes each month of an edition. Grain: edition, month.
-- A month without a census is not available; without any census the edition has one row, without a
-- month. Listings ever seen are not here: from month to month they would give away withheld new ones.
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
        CASE WHEN available.is_available AND stock.is_withheld IS NOT true THEN stock.live_listings END
            AS live_listings,
        coalesce(available.is_available AND stock.is_withheld, false) AS is_withheld,
        stock.coverage
    FROM month
    JOIN marts.dim_edition AS edition ON edition.edition = month.edition
    LEFT JOIN staging.stg_listing_stock AS stock
        ON stock.edition = month.edition AND stock.month = month.month
    LEFT JOIN staging.stg_available AS available
        ON available.edition = month.edition AND available.figure = 'live_listings'
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
    live_listings AS numerator,
    NULL::BIGINT AS denominator,
    CASE WHEN live_listings IS NOT NULL THEN coverage END AS coverage,
    CASE
        WHEN is_withheld THEN 'c'
        WHEN live_listings IS NULL THEN 'x'
    END AS symbol
FROM told
ORDER BY year_basis DESC, year, month
