-- Listings and their metrics by seller and night. Grain: snapshot_on, seller_id.
-- In the order of the lake, by night and seller: to sort the rows of years would take longest.
SELECT * RENAME (snapshot_date AS snapshot_on)
FROM lake.seller_day
