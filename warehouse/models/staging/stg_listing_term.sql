-- Number of a seller's live listings that state something, at each edition's date.
-- Grain: edition, part, seller_id. A listing that does not say whether it is ready to ship is in
-- neither part of that share.
SELECT
    edition.edition,
    part.part,
    terms.seller_id,
    CASE part.part
        WHEN 'complete' THEN terms.complete
        WHEN 'price' THEN terms.with_price
        WHEN 'ask_price' THEN terms.asked
        WHEN 'moq' THEN terms.with_moq
        WHEN 'leaf_category' THEN terms.in_leaf
        WHEN 'ready_to_ship' THEN terms.ready
    END AS numerator,
    CASE part.part WHEN 'ready_to_ship' THEN terms.says_if_ready ELSE terms.live_listings END
        AS denominator,
    terms.live_listings,
    coalesce(seller.is_market, false) AS is_market,
    seller.country_iso2 IS NOT NULL AS is_known
FROM marts.dim_edition AS edition
JOIN staging.stg_listing_terms AS terms ON terms.snapshot_date = edition.listings_as_of
LEFT JOIN staging.stg_seller_as_of AS seller USING (edition, seller_id)
CROSS JOIN (
    VALUES ('complete'), ('price'), ('ask_price'), ('moq'), ('leaf_category'), ('ready_to_ship')
) AS part (part)
ORDER BY edition.edition, part.part, terms.seller_id
