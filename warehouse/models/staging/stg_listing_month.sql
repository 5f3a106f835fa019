-- The census that closes each month: the last one of listings that counts in full, and whether its
-- export tells whose a listing is and whether it is live. Grain: month. Where the export cannot
-- tell, neither can the month: no other night is put in its place.
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
