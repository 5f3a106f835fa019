-- Sellers that paid when an edition opened, and those whose first paid day lies in it.
-- Grain: edition, seller_id; no rows for an edition whose opening census is missing.
-- A seller's city is the one it had then. Editions overlap: those that the first paid day of a new
-- seller lies in are named beside it, for one less another leaves such a part.
WITH opened AS (
    SELECT edition.edition, edition.period_from, edition.sellers_as_of
    FROM staging.stg_opening_night AS night
    JOIN marts.dim_edition AS edition ON edition.edition = night.edition
    WHERE edition.sellers_as_of IS NOT NULL
),

opening AS (
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
    (
        SELECT string_agg(other.edition, ' ' ORDER BY other.edition)
        FROM opened AS other
        WHERE first_paid.first_paid_on BETWEEN other.period_from AND other.sellers_as_of
    )
FROM opened AS edition
JOIN staging.stg_first_paid AS first_paid
    ON first_paid.edition = edition.edition
    AND first_paid.first_paid_on BETWEEN edition.period_from AND edition.sellers_as_of
-- Who paid on the opening night has paid before, whatever its later states say.
ANTI JOIN opening
    ON opening.edition = first_paid.edition AND opening.seller_id = first_paid.seller_id
ORDER BY edition, seller_id
