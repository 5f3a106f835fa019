-- Share of paid sellers by city, of those whose city is known.
-- Grain: edition, city_key. The unknown class is published as its own row, as a share of all.
WITH total AS (
    SELECT
        edition,
        sum(numerator) FILTER (WHERE cell IS NOT NULL) AS known,
        sum(numerator) AS everything
    FROM staging.stg_cell
    WHERE report_table = 'sellers_by_city'
    GROUP BY edition
)

SELECT
    edition.edition,
    edition.year_basis,
    edition.sellers_as_of AS as_of,
    edition.period_from,
    edition.period_to,
    edition.sellers_as_of < edition.period_to AS is_partial,
    coalesce(cell.cell, 'unknown') AS city_key,
    coalesce(city.city, cell.cell, 'Unknown') AS city,
    CASE WHEN NOT cell.is_withheld THEN cell.numerator / CASE WHEN cell.cell IS NULL THEN total.everything ELSE total.known END END AS share,
    CASE WHEN NOT cell.is_withheld THEN cell.numerator END AS numerator,
    (CASE WHEN cell.cell IS NULL THEN total.everything ELSE total.known END)::BIGINT AS denominator,
    coalesce(total.known, 0) / total.everything AS coverage,
    CASE
        WHEN cell.is_withheld THEN 'c'
        WHEN edition.sellers_as_of < edition.period_to THEN 'p'
    END AS symbol
FROM staging.stg_cell AS cell
JOIN marts.dim_edition AS edition ON edition.edition = cell.edition
JOIN total ON total.edition = cell.edition
LEFT JOIN marts.dim_city AS city ON city.city_key = cell.cell
WHERE cell.report_table = 'sellers_by_city'
ORDER BY edition.year_basis DESC, edition.year, numerator DESC NULLS LAST, city_key
