-- Share of live listings by top category, of those whose category is known.
-- Grain: edition, top_category_id. The unknown class is published as its own row, as a share of all.
WITH total AS (
    SELECT
        edition,
        sum(numerator) FILTER (WHERE cell IS NOT NULL) AS known,
        sum(numerator) AS everything
    FROM staging.stg_cell
    WHERE report_table = 'listings_by_category'
    GROUP BY edition
)

SELECT
    edition.edition,
    edition.year_basis,
    edition.listings_as_of AS as_of,
    edition.period_from,
    edition.period_to,
    edition.listings_as_of < edition.period_to AS is_partial,
    coalesce(cell.cell, 'unknown') AS top_category_id,
    coalesce(category.category, cell.cell, 'Unknown') AS category,
    CASE WHEN NOT cell.is_withheld THEN cell.numerator / CASE WHEN cell.cell IS NULL THEN total.everything ELSE total.known END END AS share,
    CASE WHEN NOT cell.is_withheld THEN cell.numerator END AS numerator,
    (CASE WHEN cell.cell IS NULL THEN total.everything ELSE total.known END)::BIGINT AS denominator,
    coalesce(total.known, 0) / total.everything AS coverage,
    CASE
        WHEN cell.is_withheld THEN 'c'
        WHEN edition.listings_as_of < edition.period_to THEN 'p'
    END AS symbol
FROM staging.stg_cell AS cell
JOIN marts.dim_edition AS edition ON edition.edition = cell.edition
JOIN total ON total.edition = cell.edition
LEFT JOIN marts.dim_category AS category ON category.category_id = cell.cell
WHERE cell.report_table = 'listings_by_category'
ORDER BY edition.year_basis DESC, edition.year, numerator DESC NULLS LAST, top_category_id
