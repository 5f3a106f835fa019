-- Inquiries, requests for quotation and chats in their latest state. Grain: inquiry_id.
-- No text and no names. One export may identify a request by number or buyer, and another only by
-- title, quantity and country: they are one request, unless two requests share all of these.
WITH request AS (
    SELECT inquiry_id, id_is_surrogate, surrogate_key, buyer_key
    FROM lake.inquiries_state
    WHERE surrogate_key IS NOT NULL
),

-- The known number of a buyer's request.
of_buyer AS (
    SELECT surrogate_key, buyer_key, any_value(inquiry_id) AS number
    FROM request
    WHERE NOT id_is_surrogate AND buyer_key IS NOT NULL
    GROUP BY surrogate_key, buyer_key
    HAVING count(*) = 1
),

-- One number and at most one buyer: the same request, even if only the other export names the buyer.
of_nobody AS (
    SELECT surrogate_key, any_value(inquiry_id) FILTER (WHERE NOT id_is_surrogate) AS number
    FROM request
    GROUP BY surrogate_key
    HAVING count(*) FILTER (WHERE NOT id_is_surrogate) = 1 AND count(DISTINCT buyer_key) <= 1
),

named AS (
    SELECT
        request.inquiry_id,
        request.surrogate_key,
        CASE
            WHEN NOT request.id_is_surrogate THEN request.inquiry_id
            ELSE coalesce(of_buyer.number, of_nobody.number, request.inquiry_id)
        END AS known_as
    FROM request
    LEFT JOIN of_buyer USING (surrogate_key, buyer_key)
    LEFT JOIN of_nobody USING (surrogate_key)
    WHERE NOT request.id_is_surrogate OR request.buyer_key IS NOT NULL
),

-- The only request that a row without number and buyer can be.
only_one AS (
    SELECT surrogate_key, any_value(known_as) AS known_as
    FROM named
    GROUP BY surrogate_key
    HAVING count(DISTINCT known_as) = 1
),

state AS (
    SELECT
        state.* REPLACE (
            coalesce(named.known_as, only_one.known_as, state.inquiry_id) AS inquiry_id,
            state.id_is_surrogate AND number.inquiry_id IS NULL AS id_is_surrogate
        ),
        state.id_is_surrogate AS was_surrogate
    FROM lake.inquiries_state AS state
    LEFT JOIN named ON named.inquiry_id = state.inquiry_id
    LEFT JOIN only_one
        ON only_one.surrogate_key
        = CASE WHEN state.id_is_surrogate AND state.buyer_key IS NULL THEN state.surrogate_key END
    LEFT JOIN request AS number
        ON
            NOT number.id_is_surrogate
            AND number.inquiry_id = coalesce(named.known_as, only_one.known_as)
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
    in_utc(posted_at) AS posted_at,
    posted_at_precision,
    posted_date_local AS posted_on_local,
    posted_date_platform AS posted_on_platform,
    in_utc(expires_at) AS expires_at,
    in_utc(received_at) AS received_at,
    in_utc(first_reply_at) AS first_reply_at,
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
