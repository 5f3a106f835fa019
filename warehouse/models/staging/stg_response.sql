-- Valid inquiries and chats of a seller, and those replied to in time, by the platform's formula.
-- Grain: edition, seller_id. Period: the 30 platform days that end a week before the as-of date. Left
-- out: spam, automatic first replies, buyers in China, and a buyer's further messages to the same
-- seller within 24 hours. A reply covers all messages of that buyer to that seller on a platform day.
WITH message AS (
    SELECT
        inquiry_id,
        seller_id,
        channel,
        posted_on_platform,
        coalesce(posted_on_platform, first_seen_on) AS counted_on,
        received_at,
        buyer_country_iso2,
        CASE
            WHEN is_auto_reply THEN day_in((SELECT time_zone FROM lake.market), first_reply_at)
        END AS automatic_on,
        epoch(received_at) - epoch(
            lag(received_at) OVER (
                PARTITION BY channel, seller_id, coalesce(buyer_key, inquiry_id)
                ORDER BY received_at, inquiry_id
            )
        ) AS seconds_since_last,
        epoch(
            min(CASE WHEN is_auto_reply IS NOT true THEN first_reply_at END) OVER (
                PARTITION BY
                    channel, seller_id, coalesce(buyer_key, inquiry_id), posted_on_platform
            )
        ) - epoch(received_at) AS seconds_to_reply
    FROM marts.fct_inquiry
    WHERE channel IN ('inquiry', 'tm') AND is_spam IS NOT true
),

judged AS (
    SELECT
        edition.edition,
        message.seller_id,
        message.received_at IS NOT NULL AND country.country_iso2 IS NOT NULL AS is_known,
        coalesce(country.is_market, false)
        AND message.received_at IS NOT NULL
        AND coalesce(message.automatic_on > edition.inquiries_as_of, true)
        AND message.buyer_country_iso2 IS DISTINCT FROM 'CN'
        AND coalesce(message.seconds_since_last >= 24 * 3600, true) AS is_valid,
        coalesce(
            message.seconds_to_reply
            <= CASE message.channel WHEN 'tm' THEN 1 ELSE 24 END * 3600,
            false
        ) AS is_in_time
    FROM marts.dim_edition AS edition
    JOIN message
        ON message.counted_on
        BETWEEN edition.inquiries_as_of - 36 AND edition.inquiries_as_of - 7
    LEFT JOIN staging.stg_seller_as_of AS country
        ON country.edition = edition.edition AND country.seller_id = message.seller_id
)

SELECT
    edition,
    seller_id,
    count(*) AS messages,
    count(*) FILTER (WHERE is_known) AS known,
    count(*) FILTER (WHERE is_valid) AS valid,
    count(*) FILTER (WHERE is_valid AND is_in_time) AS replied
FROM judged
GROUP BY edition, seller_id
ORDER BY edition, seller_id
