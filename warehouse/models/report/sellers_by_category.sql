-- Share of paid sellers by main category, of all paid sellers.
-- Grain: edition, top_category_id. The unknown class is published as its own row, as a share of all.
SELECT
    share.edition,
    share.year_basis,
    share.as_of,
    share.period_from,
    share.period_to,
    share.is_partial,
    coalesce(share.cell, 'unknown') AS top_category_id,
    CASE
        WHEN share.cell = 'not_available' THEN 'Not available'
        ELSE coalesce(category.category, share.cell, 'Unknown')
    END AS category,
    share.share,
    share.share_of_all,
    share.share_of_known,
    share.numerator,
    share.denominator,
    share.coverage,
    share.symbol
FROM staging.stg_share AS share
LEFT JOIN marts.dim_category AS category ON category.category_id = share.cell
WHERE share.report_table = 'sellers_by_category'
ORDER BY share.year_basis DESC, share.edition, share.numerator DESC NULLS LAST, top_category_id
