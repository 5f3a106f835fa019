-- Live listings by seller and top category at each edition's date.
-- Grain: edition, seller_id, top_category_id.
SELECT
    edition.edition,
    day.seller_id,
    day.top_category_id,
    day.live_listings,
    coalesce(seller.is_market, false) AS is_market,
    seller.country_iso2 IS NOT NULL AS is_known
FROM marts.dim_edition AS edition
JOIN lake.listing_day AS day
    ON day.snapshot_date = edition.listings_as_of
    AND day.live_listings > 0
LEFT JOIN staging.stg_seller_as_of AS seller
    ON seller.edition = edition.edition AND seller.seller_id = day.seller_id
ORDER BY edition.edition, day.seller_id, day.top_category_id
