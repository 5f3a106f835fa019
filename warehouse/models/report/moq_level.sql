-- Minimum order of live listings by top category and what the unit measures, in base units.
-- Grain: edition, top_category_id, moq_unit_dimension. How many pieces a set or a box holds is not
-- fixed: those are in no cell. An edition in which nothing can be told has one row.
SELECT
    edition.edition,
    edition.year_basis,
    edition.listings_as_of AS as_of,
    edition.period_from,
    edition.period_to,
    edition.listings_as_of IS NULL OR edition.listings_as_of < edition.period_to AS is_partial,
    coalesce(level.top_category_id, 'not_available') AS top_category_id,
    CASE
        WHEN level.top_category_id IS NULL THEN 'Not available'
        ELSE coalesce(category.category, level.top_category_id)
    END AS category,
    level.unit AS moq_unit_dimension,
    CASE level.unit
        WHEN 'count' THEN 'piece'
        WHEN 'mass' THEN 'kilogram'
        WHEN 'length' THEN 'metre'
        WHEN 'area' THEN 'square metre'
        WHEN 'volume' THEN 'cubic metre'
        WHEN 'container' THEN 'container'
    END AS base_unit,
    CASE WHEN NOT level.is_withheld THEN level.median END AS moq_median,
    CASE WHEN NOT level.is_withheld THEN level.lower_quartile END AS moq_lower_quartile,
    CASE WHEN NOT level.is_withheld THEN level.upper_quartile END AS moq_upper_quartile,
    CASE WHEN NOT level.is_withheld THEN level.listings END AS numerator,
    CASE WHEN NOT level.is_withheld THEN level.category_listings END AS denominator,
    CASE WHEN NOT level.is_withheld THEN level.coverage END AS coverage,
    CASE
        WHEN level.top_category_id IS NULL THEN 'x'
        WHEN level.is_withheld THEN 'c'
    END AS symbol
FROM marts.dim_edition AS edition
LEFT JOIN staging.stg_available AS available
    ON available.edition = edition.edition AND available.figure = 'moq_level'
LEFT JOIN staging.stg_listing_level AS level
    ON level.edition = edition.edition AND level.figure = 'moq_level' AND available.is_available
LEFT JOIN marts.dim_category AS category ON category.category_id = level.top_category_id
ORDER BY edition.year_basis DESC, edition.year, level.top_category_id, level.unit
