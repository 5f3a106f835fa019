-- Sellers that paid when an edition opened, and those whose first paid day lies in it.
-- Grain: edition, seller_id; no rows for an edition whose opening census is missing.
-- A seller's city is the one it had then. Editions overlap: those that a seller is new in are named
-- beside it, for one less another leaves such a part.
WITH opening AS (
    SELECT edition.edition, edition.sellers_as_of, seller.seller_id, seller.city_key
    FROM staging.stg_opening_night AS night
    JOIN marts.dim_edition AS edition ON edition.edition = night.edition
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = night.opened_on AND seller.is_paid
    WHERE edition.sellers_as_of IS NOT NULL
)

SELECT
    opening.edition,
    opening.seller_id,
    opening.city_key,
    false AS is_new,
    NOT coalesce(seller.is_paid, false) AS is_churned,
    NULL AS shared_by
FROM opening
LEFT JOIN staging.stg_census_seller AS seller
    ON seller.snapshot_date = opening.sellers_as_of AND seller.seller_id = opening.seller_id
UNION ALL
SELECT
    edition.edition,
    first_paid.seller_id,
    first_paid.city_key,
    true,
    false,
    string_agg(edition.edition, ' ') OVER (
        PARTITION BY first_paid.seller_id
        ORDER BY edition.edition
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
FROM staging.stg_opening_night AS night
JOIN marts.dim_edition AS edition ON edition.edition = night.edition
JOIN staging.stg_first_paid AS first_paid
    ON first_paid.edition = edition.edition
    AND first_paid.first_paid_on BETWEEN edition.period_from AND edition.sellers_as_of
-- Who paid on the opening night has paid before, whatever its later states say.
ANTI JOIN opening
    ON opening.edition = first_paid.edition AND opening.seller_id = first_paid.seller_id
ORDER BY edition, seller_id
