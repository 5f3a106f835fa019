-- The paid sellers of each edition at its date. Grain: edition, seller_id.
-- A seller without listings has 0; if the year has no census of listings, the number is unknown.
SELECT
    edition.edition,
    seller.seller_id,
    seller.city_key,
    seller.company_key,
    seller.is_verified,
    edition.sellers_as_of - seller.paid_from_on AS paid_days,
    main.main_category_id,
    CASE WHEN edition.listings_as_of IS NOT NULL THEN coalesce(live.listings, 0) END AS listings
FROM marts.dim_edition AS edition
JOIN staging.stg_census_seller AS seller
    ON seller.snapshot_date = edition.sellers_as_of AND seller.is_paid
LEFT JOIN marts.dim_main_category AS main USING (edition, seller_id)
LEFT JOIN (
    SELECT edition, seller_id, sum(live_listings)::BIGINT AS listings
    FROM staging.stg_live_listing
    GROUP BY edition, seller_id
) AS live USING (edition, seller_id)
ORDER BY edition.edition, seller.seller_id
