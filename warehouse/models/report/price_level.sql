-- Lowest price of live listings by top category and the unit that the price is for, in US dollars.
-- Grain: edition, top_category_id, price_unit. Units are never pooled: a price for a dozen and one
-- for a piece are two things. An edition in which nothing can be told has one row.
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
    level.unit AS price_unit,
    CASE WHEN NOT level.is_withheld THEN level.median END AS price_median_usd,
    CASE WHEN NOT level.is_withheld THEN level.lower_quartile END AS price_lower_quartile_usd,
    CASE WHEN NOT level.is_withheld THEN level.upper_quartile END AS price_upper_quartile_usd,
    CASE WHEN NOT level.is_withheld THEN level.listings END AS numerator,
    CASE WHEN NOT level.is_withheld THEN level.category_listings END AS denominator,
    CASE WHEN NOT level.is_withheld THEN level.coverage END AS coverage,
    CASE
        WHEN level.top_category_id IS NULL THEN 'x'
        WHEN level.is_withheld THEN 'c'
    END AS symbol
FROM marts.dim_edition AS edition
LEFT JOIN staging.stg_available AS available
    ON available.edition = edition.edition AND available.figure = 'price_level'
LEFT JOIN staging.stg_listing_level AS level
    ON level.edition = edition.edition AND level.figure = 'price_level' AND available.is_available
LEFT JOIN marts.dim_category AS category ON category.category_id = level.top_category_id
ORDER BY edition.year_basis DESC, edition.year, level.top_category_id, level.unit
