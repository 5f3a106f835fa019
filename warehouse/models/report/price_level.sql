-- Lowest price of live listings by top category and the unit that the price is for, in US dollars.
-- Grain: edition, top_category_id, price_unit. Units are never pooled: a price for a dozen and one
-- for a piece are two things. An edition in which nothing can be told has one row.
SELECT
    edition, year_basis, as_of, period_from, period_to, is_partial,
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
