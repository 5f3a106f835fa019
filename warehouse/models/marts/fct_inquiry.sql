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

-- Of each state the days on which it was the last known one. An ASOF join would sort all inquiries.
category AS (
    SELECT
        product_id,
        top_category_id,
        changed_on AS from_on,
        lead(changed_on, 1, 'infinity'::DATE) OVER (
            PARTITION BY product_id ORDER BY changed_on
        ) AS until_on
    FROM lake.listing_class
    SEMI JOIN staging.stg_message USING (product_id)
),

city AS (
    SELECT
        seller_id,
        city_key,
        valid_from_on AS from_on,
        lead(valid_from_on, 1, 'infinity'::DATE) OVER (
            PARTITION BY seller_id ORDER BY valid_from_on
        ) AS until_on
    FROM marts.dim_seller
    WHERE city_key IS NOT NULL
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
LEFT JOIN category
    ON category.product_id = message.product_id
    AND category.from_on <= message.came_on
    AND category.until_on > message.came_on
LEFT JOIN city
    ON city.seller_id = message.seller_id
    AND city.from_on <= message.came_on
    AND city.until_on > message.came_on
LEFT JOIN counted USING (inquiry_id)
LEFT JOIN answer USING (inquiry_id)
ORDER BY message.inquiry_id
