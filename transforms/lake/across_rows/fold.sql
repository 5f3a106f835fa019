-- Presence of every key ever seen, after a night: sellers and listings.
-- Grain: row_key. Only a census makes an absent key gone; a partial night says nothing about it.
-- Reads: night (export_date, is_census), night_rows (row_key, row_hash, told_hash: of what the history
-- tells), ledger_before (row_key, first_seen_on, last_seen_on, is_present), rows_before (like
-- night_rows, of present keys).
SELECT
    coalesce(now.row_key, old.row_key) AS row_key,
    coalesce(old.first_seen_on, night.export_date) AS first_seen_on,
    CASE WHEN now.row_key IS NOT NULL THEN night.export_date ELSE old.last_seen_on END
        AS last_seen_on,
    now.row_key IS NOT NULL OR (old.is_present AND NOT night.is_census) AS is_present,
    CASE
        WHEN old.row_key IS NULL THEN 'new'
        WHEN now.row_key IS NULL AND old.is_present AND night.is_census THEN 'gone'
        WHEN now.row_key IS NULL THEN NULL
        WHEN NOT old.is_present THEN 'returned'
        WHEN now.row_hash <> was.row_hash THEN 'changed'
    END AS change,
    now.told_hash IS DISTINCT FROM was.told_hash AS is_told
FROM night_rows AS now
FULL JOIN ledger_before AS old ON now.row_key = old.row_key
LEFT JOIN rows_before AS was ON was.row_key = now.row_key
CROSS JOIN night
