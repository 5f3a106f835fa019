-- Minimum order of live listings by top category and dimension of the unit, in base units.
-- Grain: edition, top_category_id, moq_unit_dimension. Sets and boxes hold no fixed number of pieces,
-- so they are left out. An edition without figures has one row.
SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    top_category_id,
    category,
    unit AS moq_unit_dimension,
    CASE unit
        WHEN 'count' THEN 'piece'
        WHEN 'mass' THEN 'kilogram'
        WHEN 'length' THEN 'metre'
        WHEN 'area' THEN 'square metre'
        WHEN 'volume' THEN 'cubic metre'
        WHEN 'container' THEN 'container'
    END AS base_unit,
    median AS moq_median,
    lower_quartile AS moq_lower_quartile,
    upper_quartile AS moq_upper_quartile,
    numerator,
    denominator,
    coverage,
    symbol
FROM staging.stg_level
WHERE figure = 'moq_level'
ORDER BY year_basis DESC, year, nullif(top_category_id, 'not_available'), unit
