-- Sellers as they stood on the nights that a figure needs.
-- Grain: snapshot_date, seller_id. Paying: a membership with known beginning and end covers that day.
-- Paid: a paying seller of the market.
SELECT
    night.snapshot_date,
    seller.seller_id,
    seller.city_key,
    seller.country_iso2,
    seller.company_key,
    seller.is_verified,
    seller.paid_from_on,
    pays_on(seller.membership, seller.paid_from_on, seller.paid_to_on, night.snapshot_date)
        AS is_paying,
    is_paying AND of_market(seller.country_iso2) AS is_paid
FROM (
    SELECT sellers_as_of AS snapshot_date FROM marts.dim_edition
    UNION
    SELECT compared_on FROM staging.stg_comparison_night
    UNION
    SELECT opened_on FROM staging.stg_opening_night
) AS night
JOIN marts.dim_seller AS seller
    ON seller.valid_from_on <= night.snapshot_date
    AND (seller.valid_until_on IS NULL OR seller.valid_until_on > night.snapshot_date)
ORDER BY night.snapshot_date, seller.seller_id
