-- Paid sellers with live listings in a top category, of all paid sellers. Grain: edition,
-- top_category_id. An edition has one row, `not_available`, if its exports lack what the table needs.
WITH figure AS (
    SELECT
        frame.*,
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
        ON listed.edition = frame.edition AND frame.is_available AND listed.city_key IS NULL
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = frame.figure
        AND hidden.edition = frame.edition
        AND hidden.cell = listed.top_category_id
    LEFT JOIN marts.dim_category AS category ON category.category_id = listed.top_category_id
    WHERE frame.figure = 'sellers_listing_in_category'
        AND (listed.edition IS NOT NULL OR NOT frame.is_available)
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    top_category_id,
    category,
    shown(sellers / paid_sellers, symbol) AS share,
    shown(sellers, symbol) AS numerator,
    shown(paid_sellers, symbol) AS denominator,
    coverage,
    symbol
FROM figure
ORDER BY year_basis DESC, year, numerator DESC NULLS LAST, top_category_id
