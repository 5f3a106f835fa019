-- Days covered by deliveries of inquiries: the days since the previous delivery, at most a month.
-- Grain: covered_on. A missing, held or cut night leaves a gap, even if a later night delivers some of
-- its inquiries with a late reply. The first night covers from its first inquiry.
WITH delivery AS (
    SELECT
        export_date,
        is_good,
        lag(export_date) OVER (ORDER BY export_date) AS before_on,
        (
            SELECT min(posted_on_local)
            FROM staging.stg_message
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
