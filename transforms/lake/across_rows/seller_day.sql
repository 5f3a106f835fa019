-- Listings and their metrics by seller and night. Grain: snapshot_date, seller_id.
-- A metric that none of the seller's listings has is null, not 0. Reads: listing_day.
SELECT
    snapshot_date,
    seller_id,
    sum(listings)::BIGINT AS listings,
    sum(live_listings)::BIGINT AS live_listings,
    sum(impressions)::BIGINT AS impressions,
    sum(clicks)::BIGINT AS clicks,
    sum(visitors)::BIGINT AS visitors,
    sum(inquiries)::BIGINT AS inquiries,
    sum(orders)::BIGINT AS orders
FROM listing_day
WHERE seller_id IS NOT NULL
GROUP BY snapshot_date, seller_id
ORDER BY snapshot_date, seller_id
