-- Number of rejected rows by file and reason. Grain: export_date, dataset, file, reason.
-- The rows and their values are left out: they may identify people.
SELECT
    export_date,
    dataset,
    file,
    reason,
    rows_rejected,
    -- Not by the clock: the same lake makes the same file on any day.
    date_diff(
        'day', export_date, (SELECT max(export_date) FROM lake.nights WHERE status IN ('ok', 'partial'))
    )::INTEGER AS days_old
FROM lake.rejected
ORDER BY export_date, dataset, file, reason
