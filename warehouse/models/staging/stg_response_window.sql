-- The days whose inquiries and chats an edition's response rates count: the 30 platform days that end
-- a week before its as-of date, and how many of them deliveries cover. Grain: edition. Null where the
-- edition has no as-of date of inquiries.
SELECT
    edition.edition,
    edition.inquiries_as_of - 36 AS window_from,
    edition.inquiries_as_of - 7 AS window_to,
    count(day.covered_on) AS days_covered
FROM marts.dim_edition AS edition
LEFT JOIN staging.stg_covered_day AS day
    ON day.covered_on BETWEEN edition.inquiries_as_of - 36 AND edition.inquiries_as_of - 7
GROUP BY edition.edition, edition.inquiries_as_of
ORDER BY edition.edition
