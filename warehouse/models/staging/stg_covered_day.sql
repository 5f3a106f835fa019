-- Days whose inquiries were delivered: those since the delivery before, a month at most.
-- Grain: covered_on. A night that is missing, held or cut leaves a gap, though a later night may
-- bring some of its inquiries with a late reply. The first night begins with its first inquiry.
WITH delivery AS (
    SELECT
        export_date,
        is_good,
        lag(export_date) OVER (ORDER BY export_date) AS before_on,
        (
            SELECT min(posted_on_local)
            FROM marts.fct_inquiry
            WHERE channel IN ('inquiry', 'tm')
        ) AS first_on
    FROM staging.stg_night
    WHERE dataset = 'inquiries'
)

SELECT DISTINCT
    unnest(
        generate_series(
            greatest(
                coalesce(before_on + 1, least(first_on, export_date), export_date),
                export_date - 30
            ),
            export_date,
            INTERVAL 1 DAY
        )
    )::DATE AS covered_on
FROM delivery
WHERE is_good
ORDER BY covered_on
