-- A night's listings and their metrics by seller and top category.
-- Grain: snapshot_date, seller_id, top_category_id.
-- Live: approved by the marketplace and displayed by the seller.
-- A metric that no listing has is null, not 0. Reads: accepted (rows with their metrics).
SELECT
    snapshot_date,
    seller_id,
    top_category_id,
    count(*) AS listings,
    count(*) FILTER (WHERE status = 'approved' AND is_listed) AS live_listings,
    sum(impressions)::BIGINT AS impressions,
    sum(clicks)::BIGINT AS clicks,
    sum(visitors)::BIGINT AS visitors,
    sum(inquiries)::BIGINT AS inquiries,
    sum(orders)::BIGINT AS orders
FROM accepted
GROUP BY snapshot_date, seller_id, top_category_id
ORDER BY seller_id, top_category_id
