-- Live listings of each paid seller of an edition, summed up. Grain: edition.
-- A seller without any listing stays in with 0: left out, the middle would be that of the active.
WITH seller AS (
    SELECT
        edition.edition,
        seller.seller_id,
        coalesce(sum(live.live_listings), 0)::BIGINT AS listings
    FROM marts.dim_edition AS edition
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = edition.sellers_as_of AND seller.is_paid
    LEFT JOIN staging.stg_live_listing AS live
        ON live.edition = edition.edition AND live.seller_id = seller.seller_id
    WHERE edition.listings_as_of IS NOT NULL
    GROUP BY edition.edition, seller.seller_id
),

census AS (
    SELECT snapshot_date, count(country_iso2) / count(*) AS coverage
    FROM staging.stg_census_seller
    GROUP BY snapshot_date
),

counted AS (
    SELECT
        edition,
        count(*) AS sellers,
        quantile_cont(listings::DOUBLE, 0.5) AS median_listings,
        quantile_cont(listings::DOUBLE, 0.9) AS p90_listings,
        count(*) FILTER (WHERE listings = 0) AS without_listings
    FROM seller
    GROUP BY edition
)

SELECT
    counted.*,
    census.coverage,
    counted.sellers < (SELECT smallest_cell FROM lake.market) AS is_withheld,
    counted.without_listings BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1
    OR counted.sellers - counted.without_listings
    BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1 AS is_zero_share_withheld
FROM counted
JOIN marts.dim_edition AS edition ON edition.edition = counted.edition
JOIN census ON census.snapshot_date = edition.sellers_as_of
ORDER BY counted.edition
