-- Which inquiries and chats are valid by the platform's formula, and which got a reply in time.
-- Grain: edition, inquiry_id, over the edition's year and its window: the 30 platform days that end a
-- week before the as-of date. Not valid: spam, automatic first replies, buyers in China, and a buyer's
-- further messages to the same seller within 24 hours. A reply covers all messages of that buyer to
-- that seller on a platform day.
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
    FROM staging.stg_message
    WHERE channel IN ('inquiry', 'tm') AND is_spam IS NOT true
)

SELECT
    edition.edition,
    message.inquiry_id,
    message.seller_id,
    coalesce(message.counted_on BETWEEN edition.period_from AND edition.period_to, false)
        AS is_in_year,
    coalesce(
        message.counted_on BETWEEN response_window.window_from AND response_window.window_to,
        false
    ) AS is_in_window,
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
JOIN staging.stg_response_window AS response_window USING (edition)
JOIN message
    ON message.counted_on
    BETWEEN least(edition.period_from, response_window.window_from)
    AND greatest(edition.period_to, response_window.window_to)
LEFT JOIN staging.stg_seller_as_of AS country
    ON country.edition = edition.edition AND country.seller_id = message.seller_id
ORDER BY edition.edition, message.inquiry_id
