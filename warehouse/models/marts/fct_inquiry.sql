-- Inquiries, requests for quotation and chats in their latest state. Grain: inquiry_id.
-- Neither their text nor any name is here.
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
FROM lake.inquiries_state
ORDER BY inquiry_id
