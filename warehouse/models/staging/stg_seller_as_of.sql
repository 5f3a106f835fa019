-- Country and city of a seller as an edition knew them: the latest ones shown up to the edition's
-- census of sellers; without a census, up to the end of its year.
-- Grain: edition, seller_id; a seller first shown later has no row and is unknown.
-- One date for a whole edition, so that its months and cells add up to its year.
SELECT
    edition.edition,
    seller.seller_id,
    arg_max(seller.country_iso2, seller.valid_from_on) FILTER (WHERE seller.country_iso2 IS NOT NULL)
        AS country_iso2,
    of_market(
        arg_max(seller.country_iso2, seller.valid_from_on)
            FILTER (WHERE seller.country_iso2 IS NOT NULL)
    ) AS is_market,
    arg_max(seller.city_key, seller.valid_from_on) FILTER (WHERE seller.city_key IS NOT NULL)
        AS city_key
FROM marts.dim_edition AS edition
JOIN marts.dim_seller AS seller
    ON seller.valid_from_on <= coalesce(edition.sellers_as_of, edition.period_to)
GROUP BY edition.edition, seller.seller_id
ORDER BY edition.edition, seller.seller_id
