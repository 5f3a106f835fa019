-- Share of paid sellers by main category, of all paid sellers.
-- Grain: edition, top_category_id. The unknown class is published as its own row, as a share of all.
SELECT * EXCLUDE (figure, cell, days, days_covered) RENAME (key AS top_category_id, label AS category)
FROM staging.stg_share
WHERE figure = 'sellers_by_category'
ORDER BY year_basis DESC, edition, numerator DESC NULLS LAST, top_category_id
