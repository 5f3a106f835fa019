-- Buyer countries and continents of each seller that received inquiries in the report year.
-- Grain: edition, seller_id. Reach is measured for sellers with at least five inquiries.
SELECT
    inquiry.edition,
    inquiry.seller_id,
    count(*) AS inquiries,
    count(*) >= 5 AS is_reached,
    count(inquiry.buyer_country_iso2) AS inquiries_known,
    count(DISTINCT inquiry.buyer_country_iso2) AS countries,
    count(DISTINCT country.continent) AS continents
FROM staging.stg_inquiry AS inquiry
LEFT JOIN marts.dim_country AS country ON country.country_iso2 = inquiry.buyer_country_iso2
WHERE inquiry.is_counted
GROUP BY inquiry.edition, inquiry.seller_id
ORDER BY inquiry.edition, inquiry.seller_id
