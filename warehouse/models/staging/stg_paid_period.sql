-- When the market's sellers paid: periods of days without overlap, as known from the edition's census
-- and earlier ones. Grain: edition, seller_id, paid_from_on. A membership counts back to its first
-- day, even if a later census first showed it, and ends when a census shows the seller otherwise or
-- not at all. An ended membership may be shown with a free account.
WITH told AS (
    SELECT
        edition.edition,
        seller.seller_id,
        seller.paid_from_on,
        -- Leave out what later censuses showed.
        CASE
            WHEN seller.valid_until_on <= edition.known_on
                THEN least(seller.paid_to_on, seller.valid_until_on - 1)
            ELSE seller.paid_to_on
        END AS paid_to_on
    FROM (
        SELECT edition, coalesce(sellers_as_of, period_to) AS known_on FROM marts.dim_edition
    ) AS edition
    JOIN marts.dim_seller AS seller ON seller.valid_from_on <= edition.known_on
    JOIN staging.stg_seller_as_of AS country
        ON country.edition = edition.edition
        AND country.seller_id = seller.seller_id
        AND country.is_market
    WHERE seller.paid_from_on IS NOT NULL
        AND seller.paid_to_on IS NOT NULL
        AND (
            is_paid_membership(seller.membership)
            OR seller.paid_to_on < seller.valid_from_on
        )
),

ordered AS (
    SELECT
        *,
        max(paid_to_on) OVER (
            PARTITION BY edition, seller_id
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
            PARTITION BY edition, seller_id
            ORDER BY paid_from_on, paid_to_on
        ) AS period
    FROM ordered
)

SELECT
    edition,
    seller_id,
    min(paid_from_on) AS paid_from_on,
    max(paid_to_on) AS paid_to_on
FROM numbered
GROUP BY edition, seller_id, period
ORDER BY edition, seller_id, paid_from_on
