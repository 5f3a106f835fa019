-- Share of inquiries by the buyer's country, of those whose country is known.
-- Grain: edition, buyer_country_iso2. The unknown class is published as its own row, as a share of all.
WITH total AS (
    SELECT
        edition,
        sum(numerator) FILTER (WHERE cell IS NOT NULL) AS known,
        sum(numerator) AS everything
    FROM staging.stg_cell
    WHERE report_table = 'inquiries_by_country'
    GROUP BY edition
)

SELECT
    edition.edition,
    edition.year_basis,
    edition.inquiries_as_of AS as_of,
    edition.period_from,
    edition.period_to,
    edition.inquiries_as_of < edition.period_to AS is_partial,
    coalesce(cell.cell, 'unknown') AS buyer_country_iso2,
    CASE WHEN NOT cell.is_withheld THEN cell.numerator / CASE WHEN cell.cell IS NULL THEN total.everything ELSE total.known END END AS share,
    CASE WHEN NOT cell.is_withheld THEN cell.numerator END AS numerator,
    (CASE WHEN cell.cell IS NULL THEN total.everything ELSE total.known END)::BIGINT AS denominator,
    coalesce(total.known, 0) / total.everything AS coverage,
    CASE
        WHEN cell.is_withheld THEN 'c'
        WHEN edition.inquiries_as_of < edition.period_to THEN 'p'
    END AS symbol
FROM staging.stg_cell AS cell
JOIN marts.dim_edition AS edition ON edition.edition = cell.edition
JOIN total ON total.edition = cell.edition
WHERE cell.report_table = 'inquiries_by_country'
ORDER BY edition.year_basis DESC, edition.year, numerator DESC NULLS LAST, buyer_country_iso2
