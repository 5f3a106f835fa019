-- Every night of every dataset and whether its rows may be counted as a whole.
-- Grain: dataset, export_date.
SELECT
    dataset,
    export_date,
    CASE WHEN status = 'ok' AND is_late THEN 'late' ELSE status END AS status,
    status IN ('ok', 'partial') AS is_usable,
    status = 'ok'
    AND extent = CASE WHEN dataset = 'inquiries' THEN 'window' ELSE 'census' END AS is_good,
    revision,
    exported_at,
    layout,
    extent,
    rows_in,
    rows_accepted,
    rows_rejected,
    rows_duplicate,
    reason
FROM lake.nights
ORDER BY export_date, dataset
