-- Every cell of the tables that divide a figure, and whether it is withheld. Grain: figure, edition,
-- cell (null is the unknown class, which identifies nobody).
WITH sized AS (
    SELECT figure, edition, cell, sum(amount)::BIGINT AS numerator
    FROM disclosure.contributor
    JOIN lake.figures USING (figure)
    WHERE is_share
    GROUP BY figure, edition, cell
)

SELECT
    sized.*,
    hidden.cell IS NOT NULL AS is_withheld,
    whole.cell IS NOT NULL AS is_table_withheld
FROM sized
LEFT JOIN disclosure.suppressed AS hidden USING (figure, edition, cell)
LEFT JOIN disclosure.suppressed AS whole
    ON whole.figure = sized.figure AND whole.edition = sized.edition AND whole.cell = ''
ORDER BY figure, edition, cell
