-- Inquiries, requests for quotation and chats in their latest state. Grain: inquiry_id.
-- Neither their text nor any name is here. A request that one export knows by its number and another
-- by title, quantity and country alone is one; where two numbers share those, it is not known which.
WITH numbered AS (
    SELECT surrogate_key, any_value(inquiry_id) AS inquiry_id
    FROM lake.inquiries_state
    WHERE NOT id_is_surrogate AND surrogate_key IS NOT NULL
    GROUP BY surrogate_key
    HAVING count(*) = 1
),

state AS (
    SELECT
        state.* REPLACE (
            coalesce(numbered.inquiry_id, state.inquiry_id) AS inquiry_id,
            state.id_is_surrogate AND numbered.inquiry_id IS NULL AS id_is_surrogate
        ),
        state.id_is_surrogate AS was_surrogate
    FROM lake.inquiries_state AS state
    LEFT JOIN numbered
        ON state.id_is_surrogate AND numbered.surrogate_key = state.surrogate_key
),

latest AS (
    SELECT
        * REPLACE (min(first_seen_on) OVER (PARTITION BY inquiry_id) AS first_seen_on),
        row_number() OVER (
            PARTITION BY inquiry_id ORDER BY last_seen_on DESC, was_surrogate
        ) AS place
    FROM state
)

SELECT
    inquiry_id,
    id_is_surrogate AS is_surrogate_id,
    channel,
    seller_id,
    product_id,
    posted_at,
    posted_at_precision,
    posted_date_local AS posted_on_local,
    posted_date_platform AS posted_on_platform,
    expires_at,
    received_at,
    first_reply_at,
    buyer_key,
    buyer_country_iso2,
    quantity,
    quantity_unit,
    quantity_base,
    quotes_left,
    quotes_received,
    language,
    is_spam,
    is_auto_reply,
    first_seen_on,
    last_seen_on
FROM latest
WHERE place = 1
ORDER BY inquiry_id
