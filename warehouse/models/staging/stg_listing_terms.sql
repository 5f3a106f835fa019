-- What the live listings of a year's last census state, by seller. Grain: snapshot_date, seller_id.
-- "Price on request" counts as a price: it is allowed, and not a gap. A leaf is a category without
-- subcategories.
WITH parent AS (
    SELECT DISTINCT top_category_id
    FROM lake.categories
    WHERE top_category_id <> category_id
),

live AS (
    SELECT
        listing.snapshot_date,
        listing.seller_id,
        listing.price_min IS NULL AND asked.asked_price IS NOT NULL AS is_asked,
        listing.price_min IS NOT NULL OR asked.asked_price IS NOT NULL AS has_price,
        listing.moq IS NOT NULL AS has_moq,
        category.category_id IS NOT NULL AND parent.top_category_id IS NULL AS is_in_leaf,
        listing.is_rts
    FROM lake.listing_as_of AS listing
    LEFT JOIN lake.asked_prices AS asked
        ON asked.asked_price
        = CASE WHEN listing.price_min IS NULL THEN lower(trim(listing.price_raw)) END
    LEFT JOIN lake.categories AS category ON category.category_id = listing.category_id
    LEFT JOIN parent ON parent.top_category_id = listing.category_id
    WHERE listing.status = 'approved' AND listing.is_listed
)

SELECT
    snapshot_date,
    seller_id,
    count(*) AS live_listings,
    count(*) FILTER (WHERE has_price AND has_moq AND is_in_leaf) AS complete,
    count(*) FILTER (WHERE has_price) AS with_price,
    count(*) FILTER (WHERE is_asked) AS asked,
    count(*) FILTER (WHERE has_moq) AS with_moq,
    count(*) FILTER (WHERE is_in_leaf) AS in_leaf,
    count(is_rts) AS says_if_ready,
    count(*) FILTER (WHERE is_rts) AS ready
FROM live
GROUP BY snapshot_date, seller_id
ORDER BY snapshot_date, seller_id
