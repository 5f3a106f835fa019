-- Paid sellers of a city with live listings in a top category, of all paid sellers of the city.
-- Grain: edition, city_key, top_category_id. The unknown city is published as its own class, but has no
-- row where the category is withheld: it may be one seller, and the row would tell of it. An edition has
-- one row, `not_available`, if its exports lack what the table needs.
WITH figure AS (
    SELECT
        frame.*,
        coalesce(listed.city_key, 'not_available') AS city_key,
        CASE coalesce(listed.city_key, 'not_available')
            WHEN 'not_available' THEN 'Not available'
            WHEN 'unknown' THEN 'Unknown'
            ELSE coalesce(city.city, listed.city_key)
        END AS city,
        coalesce(listed.top_category_id, 'not_available') AS top_category_id,
        CASE
            WHEN listed.edition IS NULL THEN 'Not available'
            ELSE coalesce(category.category, listed.top_category_id)
        END AS category,
        listed.sellers,
        listed.paid_sellers,
        listed.coverage,
        symbol_of(frame.is_available, hidden.edition IS NOT NULL) AS symbol
    FROM staging.stg_frame AS frame
    LEFT JOIN staging.stg_category_sellers AS listed
        ON listed.edition = frame.edition AND frame.is_available AND listed.city_key IS NOT NULL
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = frame.figure
        AND hidden.edition = frame.edition
        AND hidden.cell = listed.city_key || ' ' || listed.top_category_id
    LEFT JOIN marts.dim_city AS city ON city.city_key = listed.city_key
    LEFT JOIN marts.dim_category AS category ON category.category_id = listed.top_category_id
    WHERE frame.figure = 'sellers_listing_in_category_by_city'
        AND (listed.edition IS NOT NULL OR NOT frame.is_available)
        AND NOT coalesce(listed.city_key = 'unknown' AND hidden.edition IS NOT NULL, false)
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    city_key,
    city,
    top_category_id,
    category,
    shown(sellers / paid_sellers, symbol) AS share,
    shown(sellers, symbol) AS numerator,
    shown(paid_sellers, symbol) AS denominator,
    coverage,
    symbol
FROM figure
ORDER BY year_basis DESC, year, numerator DESC NULLS LAST, city_key, top_category_id
