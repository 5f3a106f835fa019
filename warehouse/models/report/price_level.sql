-- Lowest price of live listings by top category and price unit, in US dollars.
-- Grain: edition, top_category_id, price_unit. Never pool units: a price per dozen and a price per
-- piece differ. An edition without figures has one row.
SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    top_category_id,
    category,
    unit AS price_unit,
    median AS price_median_usd,
    lower_quartile AS price_lower_quartile_usd,
    upper_quartile AS price_upper_quartile_usd,
    numerator,
    denominator,
    coverage,
    symbol
FROM staging.stg_level
WHERE figure = 'price_level'
ORDER BY year_basis DESC, year, nullif(top_category_id, 'not_available'), unit
