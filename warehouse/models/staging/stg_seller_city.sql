-- Where a seller is: the latest city that it was ever shown with.
-- Grain: seller_id; null where no export knew it. Inquiries follow their seller's city.
SELECT
    seller_id,
    arg_max(city_key, valid_from_on) FILTER (WHERE city_key IS NOT NULL) AS city_key
FROM marts.dim_seller
GROUP BY seller_id
ORDER BY seller_id
