-- Paid sellers on each night that a figure needs, and the share of all whose country is known.
-- Grain: snapshot_date.
SELECT
    snapshot_date,
    count(*) FILTER (WHERE is_paid) AS paid_sellers,
    count(country_iso2) / count(*) AS coverage
FROM staging.stg_census_seller
GROUP BY snapshot_date
ORDER BY snapshot_date
