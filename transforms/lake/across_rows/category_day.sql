-- Listings and their metrics by top category and night. Grain: snapshot_date, top_category_id.
-- Listings of unknown category form a class with a null category. Reads: listing_day.
SELECT
    snapshot_date,
    top_category_id,
    sum(listings)::BIGINT AS listings,
    sum(live_listings)::BIGINT AS live_listings,
    sum(impressions)::BIGINT AS impressions,
    sum(clicks)::BIGINT AS clicks,
    sum(visitors)::BIGINT AS visitors,
    sum(inquiries)::BIGINT AS inquiries,
    sum(orders)::BIGINT AS orders
FROM listing_day
GROUP BY snapshot_date, top_category_id
ORDER BY snapshot_date, top_category_id
