-- Listings first seen that night, by seller and top category.
-- Grain: changed_on, seller_id, top_category_id. Reads: changes.
SELECT
    changed_on,
    seller_id,
    top_category_id,
    count(*) AS new_listings
FROM changes
WHERE change = 'new'
GROUP BY changed_on, seller_id, top_category_id
ORDER BY seller_id, top_category_id
