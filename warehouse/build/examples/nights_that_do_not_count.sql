-- Which nights should I leave out, and why?
SELECT export_date, dataset, status, rows_in, rows_rejected, reason
FROM outlook.meta.night
WHERE NOT is_good
ORDER BY export_date, dataset
