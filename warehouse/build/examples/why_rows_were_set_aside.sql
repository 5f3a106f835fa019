-- What was wrong with the rows that were set aside, most frequent first?
SELECT
    dataset,
    reason,
    sum(rows_rejected)::BIGINT AS rows_rejected,
    count(DISTINCT export_date) AS nights
FROM outlook.meta.rejected
GROUP BY ALL
ORDER BY rows_rejected DESC, dataset, reason
