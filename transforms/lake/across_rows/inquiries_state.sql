-- Every inquiry ever delivered in its latest state; a later night wins.
-- Grain: inquiry_id. Reads: night (export_date), night_rows, state_before.
SELECT state_before.*
FROM state_before
WHERE inquiry_id NOT IN (SELECT inquiry_id FROM night_rows)
UNION ALL BY NAME
SELECT
    night_rows.*,
    coalesce(old.first_seen_on, night.export_date) AS first_seen_on,
    night.export_date AS last_seen_on
FROM night_rows
LEFT JOIN state_before AS old ON old.inquiry_id = night_rows.inquiry_id
CROSS JOIN night
ORDER BY inquiry_id
