-- Share of paid sellers by main category, of all paid sellers.
-- Grain: edition, top_category_id. The unknown class is published as its own row, as a share of all.
WITH total AS (
    SELECT
        edition,
        sum(numerator) FILTER (WHERE cell IS NOT NULL) AS known,
        sum(numerator) AS everything
    FROM staging.stg_cell
    WHERE report_table = 'sellers_by_category'
    GROUP BY edition
)

SELECT
    edition.edition,
    edition.year_basis,
    edition.sellers_as_of AS as_of,
    edition.period_from,
    edition.period_to,
    edition.sellers_as_of < edition.period_to AS is_partial,
    coalesce(cell.cell, 'unknown') AS top_category_id,
    coalesce(category.category, cell.cell, 'Unknown') AS category,
    CASE WHEN NOT cell.is_withheld THEN cell.numerator / total.everything END AS share,
    CASE WHEN NOT cell.is_withheld THEN cell.numerator END AS numerator,
    (total.everything)::BIGINT AS denominator,
    coalesce(total.known, 0) / total.everything AS coverage,
    CASE
        WHEN cell.is_withheld THEN 'c'
        WHEN edition.sellers_as_of < edition.period_to THEN 'p'
    END AS symbol
FROM staging.stg_cell AS cell
JOIN marts.dim_edition AS edition ON edition.edition = cell.edition
JOIN total ON total.edition = cell.edition
LEFT JOIN marts.dim_category AS category ON category.category_id = cell.cell
WHERE cell.report_table = 'sellers_by_category'
ORDER BY edition.year_basis DESC, edition.year, numerator DESC NULLS LAST, top_category_id
