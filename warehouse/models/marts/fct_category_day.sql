-- Listings and their metrics by top category and night. Grain: snapshot_on, top_category_id.
-- Listings of unknown category form a class with a null category.
SELECT * RENAME (snapshot_date AS snapshot_on)
FROM lake.category_day
ORDER BY snapshot_on, top_category_id
