-- Sellers paid when an edition opened, and those whose first paid day is in it: joined, stayed, left.
-- Grain: edition, seller_id; no rows for an edition without an opening census. A seller's city is the
-- one it had then. Editions overlap: each new seller names those that hold its first paid day, because
-- the difference of two editions is made of such parts.
WITH opened AS (
    SELECT edition, dim_edition.period_from, dim_edition.sellers_as_of, opened_on
    FROM staging.stg_opening_night
    JOIN marts.dim_edition USING (edition)
    WHERE sellers_as_of IS NOT NULL
),

opening AS (
    SELECT opened.edition, opened.sellers_as_of, seller.seller_id, seller.city_key
    FROM opened
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = opened.opened_on AND seller.is_paid
)

SELECT
    opening.edition,
    opening.seller_id,
    opening.city_key,
    CASE WHEN seller.is_paid THEN 'stayed' ELSE 'gone' END AS flow,
    NULL AS shared_by
FROM opening
LEFT JOIN staging.stg_census_seller AS seller
    ON seller.snapshot_date = opening.sellers_as_of AND seller.seller_id = opening.seller_id
UNION ALL
SELECT
    edition,
    seller_id,
    first_paid.city_key,
    'new',
    (
        SELECT string_agg(other.edition, ' ' ORDER BY other.edition)
        FROM opened AS other
        WHERE first_paid.first_paid_on BETWEEN other.period_from AND other.sellers_as_of
    )
FROM opened
JOIN staging.stg_first_paid AS first_paid USING (edition)
-- A seller paid on the opening night is not new, whatever its later states say.
ANTI JOIN opening USING (edition, seller_id)
WHERE first_paid.first_paid_on BETWEEN opened.period_from AND opened.sellers_as_of
ORDER BY edition, seller_id
