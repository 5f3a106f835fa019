-- Inquiries, requests for quotation and chats in their latest state, and what was known of listing
-- and seller on the day when each came. Grain: inquiry_id. No text and no names.
-- A day belongs to one fiscal edition: whether an inquiry counts is what that edition says.
WITH counted AS (
    SELECT inquiry.inquiry_id, inquiry.is_counted
    FROM staging.stg_inquiry AS inquiry
    JOIN marts.dim_edition AS edition
        ON edition.edition = inquiry.edition AND edition.year_basis = 'fiscal'
),

answer AS (
    SELECT answer.inquiry_id, answer.is_valid, answer.is_in_time
    FROM staging.stg_answer AS answer
    JOIN marts.dim_edition AS edition
        ON edition.edition = answer.edition AND edition.year_basis = 'fiscal'
    WHERE answer.is_in_year
),

message AS (
    SELECT *, coalesce(posted_on_local, first_seen_on) AS came_on
    FROM staging.stg_message
),

category AS (
    SELECT message.inquiry_id, listing.top_category_id
    FROM message
    -- Of all listings only those inquired about: an ASOF join sorts all the rows that it is given.
    ASOF JOIN (FROM lake.listing_class SEMI JOIN message USING (product_id)) AS listing
        ON listing.product_id = message.product_id AND listing.changed_on <= message.came_on
),

city AS (
    SELECT message.inquiry_id, seller.city_key
    FROM message
    ASOF JOIN (FROM marts.dim_seller WHERE city_key IS NOT NULL) AS seller
        ON seller.seller_id = message.seller_id AND seller.valid_from_on <= message.came_on
)

SELECT
    message.* EXCLUDE (came_on),
    category.top_category_id,
    city.city_key,
    coalesce(counted.is_counted, false) AS is_counted,
    CASE WHEN message.channel IN ('inquiry', 'tm') THEN coalesce(answer.is_valid, false) END
        AS is_valid_response,
    CASE WHEN answer.is_valid THEN answer.is_in_time END AS replied_in_time
FROM message
LEFT JOIN category USING (inquiry_id)
LEFT JOIN city USING (inquiry_id)
LEFT JOIN counted USING (inquiry_id)
LEFT JOIN answer USING (inquiry_id)
ORDER BY message.inquiry_id
