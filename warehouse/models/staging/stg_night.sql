-- Every night of every dataset, and whether it counts in full.
-- Grain: dataset, export_date.
SELECT
    dataset,
    export_date,
    CASE WHEN status = 'ok' AND is_late THEN 'late' ELSE status END AS status,
    status IN ('ok', 'partial') AS is_usable,
    status = 'ok'
    AND extent = CASE WHEN dataset = 'inquiries' THEN 'window' ELSE 'census' END AS is_good,
    -- A census of sellers without memberships does not count paid sellers.
    (
        SELECT count(*) = 3
        FROM lake.night_fields AS stated
        WHERE stated.dataset = night.dataset
            AND stated.export_date = night.export_date
            AND stated.field IN ('membership', 'paid_from', 'paid_to')
    ) AS has_membership,
    revision,
    exported_at,
    layout,
    extent,
    rows_in,
    rows_accepted,
    rows_rejected,
    rows_duplicate,
    reason
FROM lake.nights AS night
ORDER BY export_date, dataset
