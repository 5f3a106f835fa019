-- When each of the market's sellers paid for the first time, as known at an edition's date.
-- Grain: edition, seller_id. Any state that names its first day proves a membership, even if the
-- seller is free again by then, so returning sellers are not new. A membership that no export ever
-- showed stays unknown.
SELECT
    edition.edition,
    seller.seller_id,
    min(seller.paid_from_on) AS first_paid_on,
    arg_max(seller.city_key, seller.valid_from_on) FILTER (WHERE seller.city_key IS NOT NULL) AS city_key,
    -- Partners change: the one that brought the seller in is the one of its first membership.
    arg_min(coalesce(seller.channel_partner, 'direct'), seller.valid_from_on)
        FILTER (WHERE seller.paid_from_on IS NOT NULL) AS channel_partner
FROM marts.dim_edition AS edition
JOIN marts.dim_seller AS seller ON seller.valid_from_on <= edition.sellers_as_of
GROUP BY edition.edition, edition.sellers_as_of, seller.seller_id
HAVING
    min(seller.paid_from_on) <= edition.sellers_as_of
    AND arg_max(seller.country_iso2, seller.valid_from_on)
        FILTER (WHERE seller.country_iso2 IS NOT NULL)
    = (SELECT country FROM lake.market)
ORDER BY edition.edition, seller.seller_id
