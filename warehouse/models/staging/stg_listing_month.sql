-- The census that closes each month: the last good one of listings, and whether its export states each
-- listing's seller and whether it is live. Grain: month. If the export does not, the month is unknown:
-- no other night replaces it.
WITH closing AS (
    SELECT date_trunc('month', export_date)::DATE AS month, max(export_date) AS census_on
    FROM staging.stg_night
    WHERE dataset = 'listings' AND is_good
    GROUP BY date_trunc('month', export_date)
)

SELECT
    closing.month,
    closing.census_on,
    coalesce(bool_or(field.field IN ('seller_id', 'storefront_url')), false) AS names_sellers,
    coalesce(
        bool_or(field.field IN ('seller_id', 'storefront_url'))
        AND bool_or(field.field = 'status')
        AND bool_or(field.field = 'display'),
        false
    ) AS tells_live
FROM closing
LEFT JOIN lake.night_fields AS field
    ON field.dataset = 'listings' AND field.export_date = closing.census_on
GROUP BY closing.month, closing.census_on
ORDER BY closing.month
