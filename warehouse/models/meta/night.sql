-- The calendar of nights: which count, which do not, and why. Grain: export_date, dataset.
SELECT
    export_date,
    dataset,
    status,
    is_good,
    revision,
    exported_at,
    layout,
    extent,
    rows_in,
    rows_accepted,
    rows_rejected,
    rows_duplicate,
    reason
FROM staging.stg_night
ORDER BY export_date, dataset
