-- Whose seller it is: the latest country that a seller was ever shown with.
-- Grain: seller_id. Listings and inquiries follow their seller's country.
SELECT
    seller_id,
    arg_max(country_iso2, valid_from_on) FILTER (WHERE country_iso2 IS NOT NULL) AS country_iso2,
    coalesce(
        arg_max(country_iso2, valid_from_on) FILTER (WHERE country_iso2 IS NOT NULL)
        = (SELECT country FROM lake.market),
        false
    ) AS is_market
FROM marts.dim_seller
GROUP BY seller_id
ORDER BY seller_id
