-- Main category of a seller: the top category with most of its live listings in the edition's census
-- of listings; on a tie, the lowest number.
-- Grain: edition, seller_id; a seller whose listings have no known category has no row.
SELECT
    edition.edition,
    day.seller_id,
    arg_min(day.top_category_id, (-day.live_listings, day.top_category_id::BIGINT))
        AS main_category_id
FROM marts.dim_edition AS edition
JOIN lake.listing_day AS day
    ON day.snapshot_date = edition.listings_as_of AND day.live_listings > 0
WHERE day.seller_id IS NOT NULL AND day.top_category_id IS NOT NULL
GROUP BY edition.edition, day.seller_id
ORDER BY edition.edition, day.seller_id
