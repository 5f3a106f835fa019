-- Paid sellers with live listings in a top category, by city and in all. Grain: edition, city_key
-- ('unknown' where none is known; null for all cities together), top_category_id.
-- A seller with listings in several categories counts in each.
WITH paid AS (
    SELECT edition, seller_id, coalesce(city_key, 'unknown') AS city_key
    FROM staging.stg_paid_seller
),

size AS (
    SELECT edition, city_key, count(*) AS paid_sellers
    FROM paid
    GROUP BY GROUPING SETS ((edition), (edition, city_key))
),

listed AS (
    SELECT paid.edition, paid.city_key, live.top_category_id, count(*) AS sellers
    FROM paid
    JOIN staging.stg_live_listing AS live USING (edition, seller_id)
    WHERE live.top_category_id IS NOT NULL
    GROUP BY GROUPING SETS (
        (paid.edition, live.top_category_id),
        (paid.edition, paid.city_key, live.top_category_id)
    )
),

known AS (
    SELECT
        edition,
        sum(live_listings) FILTER (WHERE top_category_id IS NOT NULL) / sum(live_listings)
            AS coverage
    FROM staging.stg_live_listing
    SEMI JOIN paid USING (edition, seller_id)
    GROUP BY edition
)

SELECT
    listed.edition,
    listed.city_key,
    listed.top_category_id,
    listed.sellers,
    size.paid_sellers,
    known.coverage
FROM listed
JOIN size ON size.edition = listed.edition AND size.city_key IS NOT DISTINCT FROM listed.city_key
JOIN known ON known.edition = listed.edition
ORDER BY listed.edition, listed.city_key, listed.top_category_id
