-- Main category of a seller: the top category with most of its live listings, ties to the lowest
-- number. Grain: edition, seller_id; a seller whose listings have no known category has no row.
SELECT
    edition,
    seller_id,
    arg_min(top_category_id, (-live_listings, top_category_id::BIGINT)) AS top_category_id
FROM staging.stg_live_listing
WHERE seller_id IS NOT NULL AND top_category_id IS NOT NULL
GROUP BY edition, seller_id
ORDER BY edition, seller_id
