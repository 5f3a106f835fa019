-- Valid inquiries and chats of a seller, and those replied to in time, by the platform's formula.
-- Grain: edition, seller_id. Period: the 30 platform days that end a week before the as-of date.
SELECT
    edition,
    seller_id,
    count(*) AS messages,
    count(*) FILTER (WHERE is_known) AS known,
    count(*) FILTER (WHERE is_valid) AS valid,
    count(*) FILTER (WHERE is_valid AND is_in_time) AS replied
FROM staging.stg_answer
WHERE is_in_window
GROUP BY edition, seller_id
ORDER BY edition, seller_id
