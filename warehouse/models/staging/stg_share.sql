-- Every cell as a share, with the edition it belongs to: what the tables that divide a figure show.
-- Grain: report_table, edition, cell (null is the unknown class, which is a share of all).
-- Shares are of those whose class is known; main categories are a share of all paid sellers.
WITH total AS (
    SELECT
        report_table,
        edition,
        coalesce(sum(numerator) FILTER (WHERE cell IS NOT NULL), 0) AS known,
        sum(numerator) AS everything
    FROM staging.stg_cell
    GROUP BY report_table, edition
),

dated AS (
    SELECT
        cell.*,
        total.known / total.everything AS coverage,
        CASE
            WHEN cell.cell IS NULL OR cell.report_table = 'sellers_by_category'
                THEN total.everything
            ELSE total.known
        END AS denominator,
        edition.year_basis,
        edition.period_from,
        edition.period_to,
        CASE cell.report_table
            WHEN 'listings_by_category' THEN edition.listings_as_of
            WHEN 'inquiries_by_country' THEN edition.inquiries_as_of
            ELSE edition.sellers_as_of
        END AS as_of
    FROM staging.stg_cell AS cell
    JOIN total ON total.report_table = cell.report_table AND total.edition = cell.edition
    JOIN marts.dim_edition AS edition ON edition.edition = cell.edition
)

SELECT
    report_table,
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    as_of < period_to AS is_partial,
    cell,
    CASE WHEN NOT is_withheld THEN numerator / denominator END AS share,
    CASE WHEN NOT is_withheld THEN numerator END AS numerator,
    denominator::BIGINT AS denominator,
    coverage,
    CASE
        WHEN is_withheld THEN 'c'
        WHEN as_of < period_to THEN 'p'
    END AS symbol
FROM dated
ORDER BY report_table, edition, cell
