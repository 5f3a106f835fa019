-- Rows that repeat a key within one night. Of each key the fullest row is kept, on a tie the first.
-- Grain: one row per dropped row, by its position in the staged table.
-- Keys are first compared by their hash, which takes less memory; a few that share one are ranked too.
-- Reads: staged (position, row_key, filled, source_file, source_row).
SELECT position
FROM (
    SELECT
        position,
        row_number() OVER (
            PARTITION BY row_key ORDER BY filled DESC, source_file, source_row, position
        ) AS place
    FROM staged
    WHERE hash(row_key) IN (SELECT hash(row_key) FROM staged GROUP BY 1 HAVING count(*) > 1)
) AS ranked
WHERE place > 1
ORDER BY position
