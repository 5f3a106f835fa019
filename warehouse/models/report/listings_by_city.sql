-- Share of live listings by city of the seller, of those whose city is known.
-- Grain: edition, city_key. The unknown class is published as its own row, as a share of all.
SELECT * EXCLUDE (figure, cell, days, days_covered) RENAME (key AS city_key, label AS city)
FROM staging.stg_share
WHERE figure = 'listings_by_city'
ORDER BY year_basis DESC, edition, numerator DESC NULLS LAST, city_key
