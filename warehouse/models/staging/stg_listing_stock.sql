-- Live listings of the market at the census that closes each month, and all seen up to it.
-- Grain: month. A night whose export cannot tell them has none, which is not 0.
WITH day AS (
    SELECT
        day.snapshot_date,
        sum(day.live_listings) AS everything,
        coalesce(sum(day.live_listings) FILTER (WHERE seller.is_market), 0) AS ours,
        coalesce(sum(day.live_listings) FILTER (WHERE seller.country_iso2 IS NOT NULL), 0) AS known
    FROM lake.listing_day AS day
    JOIN staging.stg_listing_month AS month ON month.census_on = day.snapshot_date
    LEFT JOIN staging.stg_seller_country AS seller ON seller.seller_id = day.seller_id
    GROUP BY day.snapshot_date
),

new AS (
    SELECT
        new.changed_on,
        sum(new.new_listings) AS everything,
        coalesce(sum(new.new_listings) FILTER (WHERE seller.is_market), 0) AS ours,
        coalesce(sum(new.new_listings) FILTER (WHERE seller.country_iso2 IS NOT NULL), 0) AS known
    FROM lake.listing_new AS new
    LEFT JOIN staging.stg_seller_country AS seller ON seller.seller_id = new.seller_id
    GROUP BY new.changed_on
),

ever AS (
    SELECT
        month.month,
        sum(new.everything) AS everything,
        sum(new.ours) AS ours,
        sum(new.known) AS known
    FROM staging.stg_listing_month AS month
    JOIN new ON new.changed_on <= month.census_on
    GROUP BY month.month
)

SELECT
    month.month,
    month.census_on,
    CASE WHEN month.tells_live THEN coalesce(day.ours, 0) END::BIGINT AS live_listings,
    CASE WHEN month.tells_live THEN day.known / nullif(day.everything, 0) END AS live_coverage,
    CASE WHEN month.names_sellers THEN coalesce(ever.ours, 0) END::BIGINT AS listings_ever,
    CASE WHEN month.names_sellers THEN ever.known / nullif(ever.everything, 0) END AS ever_coverage
FROM staging.stg_listing_month AS month
LEFT JOIN day ON day.snapshot_date = month.census_on
LEFT JOIN ever ON ever.month = month.month
ORDER BY month.month
