-- Categories of the marketplace with one canonical top category each. Grain: category_id.
SELECT category_id, category, top_category_id
FROM lake.categories
ORDER BY category_id
