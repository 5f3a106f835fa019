-- How many rows of each file were set aside for each reason. Grain: export_date, dataset, file,
-- reason. Neither the rows nor their values are here: they may name people.
SELECT
    export_date,
    dataset,
    file,
    reason,
    rows_rejected
FROM lake.rejected
ORDER BY export_date, dataset, file, reason
