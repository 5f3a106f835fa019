-- Number of rejected rows by file and reason. Grain: export_date, dataset, file, reason.
-- The rows and their values are left out: they may identify people.
SELECT
    export_date,
    dataset,
    file,
    reason,
    rows_rejected
FROM lake.rejected
ORDER BY export_date, dataset, file, reason
