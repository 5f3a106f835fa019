-- Live listings of the market at the census that closes each month, as far as the edition knew whose
-- they are. Grain: edition, month. A night whose export cannot tell them has none, which is not 0.
WITH month AS (
    SELECT edition.edition, month.*
    FROM marts.dim_edition AS edition
    JOIN staging.stg_listing_month AS month
        ON month.month BETWEEN edition.period_from AND edition.listings_as_of
),

day AS (
    SELECT
        month.edition,
        day.snapshot_date,
        sum(day.live_listings) AS everything,
        count(DISTINCT day.seller_id) FILTER (WHERE seller.is_market AND day.live_listings > 0)
            AS sellers,
        coalesce(sum(day.live_listings) FILTER (WHERE seller.is_market), 0) AS ours,
        coalesce(sum(day.live_listings) FILTER (WHERE seller.country_iso2 IS NOT NULL), 0) AS known
    FROM lake.listing_day AS day
    JOIN month ON month.census_on = day.snapshot_date
    LEFT JOIN staging.stg_seller_as_of AS seller
        ON seller.edition = month.edition AND seller.seller_id = day.seller_id
    GROUP BY month.edition, day.snapshot_date
)

SELECT
    month.edition,
    month.month,
    month.census_on,
    CASE WHEN month.tells_live THEN coalesce(day.ours, 0) END::BIGINT AS live_listings,
    CASE WHEN month.tells_live THEN day.known / nullif(day.everything, 0) END AS coverage,
    coalesce(
        day.sellers BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1, false
    ) AS is_withheld
FROM month
LEFT JOIN day ON day.edition = month.edition AND day.snapshot_date = month.census_on
ORDER BY month.edition, month.month
