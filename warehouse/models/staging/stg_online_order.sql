-- Sellers with an online order, and sellers with an inquiry, in the year. Grain: edition, class,
-- seller_id. A census counts orders of the last six months, so the censuses of the second half of the
-- year cover the whole year.
WITH edition AS (
    SELECT edition, sellers_as_of, (period_from + INTERVAL 6 MONTH)::DATE AS half_on
    FROM marts.dim_edition
),

ordered AS (
    SELECT edition.edition, seller.seller_id, max(seller.orders_6m) > 0 AS has_order
    FROM edition
    JOIN marts.dim_seller AS seller
        ON edition.sellers_as_of >= edition.half_on
        AND seller.valid_from_on <= edition.sellers_as_of
        AND (seller.valid_until_on IS NULL OR seller.valid_until_on > edition.half_on)
    JOIN staging.stg_seller_as_of AS country USING (edition, seller_id)
    WHERE country.is_market
    GROUP BY edition.edition, seller.seller_id
)

SELECT edition, 'order' AS class, seller_id, true AS is_known
FROM ordered
WHERE has_order
UNION ALL
SELECT edition, 'inquiry', seller_id, has_order IS NOT NULL
FROM staging.stg_reach
LEFT JOIN ordered USING (edition, seller_id)
ORDER BY edition, class, seller_id
