-- Inquiries of each edition, without spam, chats and requests for quotation.
-- Grain: edition, inquiry_id. Counted if its day is known and its seller is of the market.
-- A reply after the as-of date is not known yet. After an automatic first reply it is unknown whether a
-- person replied. Editions overlap: each inquiry names those that share it, because the difference of
-- two editions is made of such parts.
WITH inquiry AS (
    SELECT *, coalesce(posted_on_local, first_seen_on) AS counted_on
    FROM staging.stg_message
    WHERE channel = 'inquiry' AND is_spam IS NOT true
),

day AS (
    SELECT
        days.counted_on,
        edition.edition,
        end_of_day_in(market.time_zone, edition.inquiries_as_of) AS known_before
    FROM (SELECT DISTINCT counted_on FROM inquiry) AS days
    CROSS JOIN lake.market AS market
    JOIN marts.dim_edition AS edition
        ON days.counted_on BETWEEN edition.period_from AND least(edition.period_to, edition.inquiries_as_of)
        AND edition.inquiries_as_of IS NOT NULL
),

shared AS (
    SELECT counted_on, string_agg(edition, ' ' ORDER BY edition) AS shared_by
    FROM day
    GROUP BY counted_on
)

SELECT
    day.edition,
    inquiry.inquiry_id,
    inquiry.seller_id,
    inquiry.buyer_country_iso2,
    inquiry.buyer_key,
    inquiry.counted_on,
    inquiry.received_at,
    CASE WHEN inquiry.first_reply_at < day.known_before THEN inquiry.first_reply_at END AS replied_at,
    CASE
        WHEN inquiry.received_at IS NOT NULL AND replied_at IS NULL THEN false
        WHEN inquiry.received_at IS NOT NULL AND inquiry.is_auto_reply IS NOT true THEN true
    END AS is_replied,
    inquiry.posted_on_local IS NOT NULL AND seller.country_iso2 IS NOT NULL AS is_known,
    inquiry.posted_on_local IS NOT NULL AND coalesce(seller.is_market, false) AS is_counted,
    shared.shared_by
FROM inquiry
JOIN day USING (counted_on)
JOIN shared USING (counted_on)
LEFT JOIN staging.stg_seller_as_of AS seller
    ON seller.edition = day.edition AND seller.seller_id = inquiry.seller_id
ORDER BY day.edition, inquiry.inquiry_id
