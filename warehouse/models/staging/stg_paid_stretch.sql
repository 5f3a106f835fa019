-- When the market's sellers paid: stretches of days, without overlaps, as far as any census told.
-- Grain: seller_id, paid_from_on. A membership counts back to its first day, though it was shown
-- later, and ends when the seller was shown otherwise or gone. One that has ended may be shown with
-- a free account.
WITH told AS (
    SELECT
        seller.seller_id,
        seller.paid_from_on,
        least(seller.paid_to_on, seller.valid_until_on - 1) AS paid_to_on
    FROM marts.dim_seller AS seller
    JOIN staging.stg_seller_country AS country
        ON country.seller_id = seller.seller_id AND country.is_market
    WHERE seller.paid_from_on IS NOT NULL
        AND seller.paid_to_on IS NOT NULL
        AND (
            seller.membership IN ('gold', 'global_gold', 'verified', 'verified_pro')
            OR seller.paid_to_on < seller.valid_from_on
        )
),

ordered AS (
    SELECT
        *,
        max(paid_to_on) OVER (
            PARTITION BY seller_id
            ORDER BY paid_from_on, paid_to_on
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS paid_before_to
    FROM told
    WHERE paid_to_on >= paid_from_on
),

numbered AS (
    SELECT
        *,
        count(*) FILTER (WHERE paid_before_to IS NULL OR paid_from_on > paid_before_to + 1) OVER (
            PARTITION BY seller_id
            ORDER BY paid_from_on, paid_to_on
        ) AS stretch
    FROM ordered
)

SELECT
    seller_id,
    min(paid_from_on) AS paid_from_on,
    max(paid_to_on) AS paid_to_on
FROM numbered
GROUP BY seller_id, stretch
ORDER BY seller_id, paid_from_on
