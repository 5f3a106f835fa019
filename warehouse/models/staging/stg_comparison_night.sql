-- The comparison date of an edition's sellers, k years before: the last good night in the week that
-- ends on the same date. Grain: as_of, years_back; no row if there is no such night.
SELECT
    edition.as_of,
    back.years_back,
    max(night.export_date) AS compared_on
FROM (SELECT DISTINCT sellers_as_of AS as_of FROM marts.dim_edition) AS edition
CROSS JOIN (SELECT unnest(range(1, 31))::INTEGER AS years_back) AS back
JOIN staging.stg_night AS night
    ON night.dataset = 'sellers'
    AND night.is_good
    AND night.has_membership
    AND night.export_date
        BETWEEN (edition.as_of - to_years(back.years_back))::DATE - 6
        AND (edition.as_of - to_years(back.years_back))::DATE
GROUP BY edition.as_of, back.years_back
ORDER BY edition.as_of, back.years_back
