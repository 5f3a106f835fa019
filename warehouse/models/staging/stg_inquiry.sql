-- Inquiries of each edition: no spam, no chats, no requests for quotation.
-- Grain: edition, inquiry_id. Counted: its day and its seller's country are known and the market's.
-- A reply after the as-of date is not known yet; what a machine answered first is neither replied to
-- nor not, for when a person did is not known. Editions overlap: those that share an inquiry are named
-- beside it, for one less another leaves such a part.
SELECT
    edition.edition,
    inquiry.inquiry_id,
    inquiry.seller_id,
    inquiry.buyer_country_iso2,
    inquiry.buyer_key,
    coalesce(inquiry.posted_on_local, inquiry.first_seen_on) AS counted_on,
    inquiry.received_at,
    CASE
        WHEN timezone(market.time_zone, inquiry.first_reply_at)::DATE <= edition.inquiries_as_of
            THEN inquiry.first_reply_at
    END AS replied_at,
    CASE
        WHEN inquiry.received_at IS NOT NULL AND replied_at IS NULL THEN false
        WHEN inquiry.received_at IS NOT NULL AND inquiry.is_auto_reply IS NOT true THEN true
    END AS is_replied,
    inquiry.posted_on_local IS NOT NULL AND seller.country_iso2 IS NOT NULL AS is_known,
    inquiry.posted_on_local IS NOT NULL AND coalesce(seller.is_market, false) AS is_counted,
    string_agg(edition.edition, ' ') OVER (
        PARTITION BY inquiry.inquiry_id
        ORDER BY edition.edition
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS shared_by
FROM marts.dim_edition AS edition
CROSS JOIN lake.market AS market
JOIN marts.fct_inquiry AS inquiry
    ON coalesce(inquiry.posted_on_local, inquiry.first_seen_on)
    BETWEEN edition.period_from AND least(edition.period_to, edition.inquiries_as_of)
    AND edition.inquiries_as_of IS NOT NULL
    AND inquiry.channel = 'inquiry'
    AND inquiry.is_spam IS NOT true
LEFT JOIN staging.stg_seller_as_of AS seller USING (edition, seller_id)
ORDER BY edition.edition, inquiry.inquiry_id
