-- Every cell as a share, with the edition it belongs to: what the tables that divide a figure show.
-- Grain: report_table, edition, cell (null is the unknown class, which is a share of all).
-- Shares are of those whose class is known; main categories are a share of all paid sellers. Each
-- cell is told as a share of both: they differ by the coverage, which is shown with either.
-- An edition whose exports lack what a table rests on has one row there, `not_available`; one in
-- which the whole table is withheld, too: how many cells there are would tell what is in them.
WITH total AS (
    SELECT
        report_table,
        edition,
        coalesce(sum(numerator) FILTER (WHERE cell IS NOT NULL), 0) AS known,
        sum(numerator) AS everything
    FROM staging.stg_cell
    GROUP BY report_table, edition
),

as_of AS (
    SELECT edition, 'sellers_by_city' AS report_table, sellers_as_of AS as_of
    FROM marts.dim_edition
    UNION ALL
    SELECT edition, 'sellers_by_category', sellers_as_of FROM marts.dim_edition
    UNION ALL
    SELECT edition, 'listings_by_category', listings_as_of FROM marts.dim_edition
    UNION ALL
    SELECT edition, 'inquiries_by_country', inquiries_as_of FROM marts.dim_edition
    UNION ALL
    SELECT edition, 'inquiries_by_city', inquiries_as_of FROM marts.dim_edition
),

-- Inquiries are counted over the days of the year, sellers and listings on one night.
stated AS (
    SELECT
        as_of.*,
        dim_edition.year_basis,
        dim_edition.period_from,
        dim_edition.period_to,
        coalesce(year.is_partial, as_of.as_of IS NULL OR as_of.as_of < dim_edition.period_to)
            AS is_partial,
        year.days,
        year.days_covered
    FROM as_of
    JOIN marts.dim_edition ON dim_edition.edition = as_of.edition
    LEFT JOIN staging.stg_inquiry_span AS year
        ON as_of.report_table IN ('inquiries_by_country', 'inquiries_by_city')
        AND year.edition = as_of.edition
        AND year.span = 'year'
),

dated AS (
    SELECT
        cell.*,
        total.known,
        total.everything,
        total.known / total.everything AS coverage,
        CASE
            WHEN cell.cell IS NULL OR cell.report_table = 'sellers_by_category'
                THEN total.everything
            ELSE total.known
        END AS denominator,
        stated.* EXCLUDE (report_table, edition)
    FROM staging.stg_cell AS cell
    JOIN staging.stg_available AS available
        ON available.edition = cell.edition
        AND available.figure = cell.report_table
        AND available.is_available
    JOIN total ON total.report_table = cell.report_table AND total.edition = cell.edition
    JOIN stated ON stated.edition = cell.edition AND stated.report_table = cell.report_table
    WHERE cell.is_table_withheld IS NOT true
),

-- The one row of an edition that shows no cell; withheld, unless there is nothing to withhold.
closed AS (
    SELECT stated.*, available.is_available IS NOT true AS is_missing
    FROM stated
    LEFT JOIN staging.stg_available AS available
        ON available.edition = stated.edition AND available.figure = stated.report_table
    WHERE available.is_available IS NOT true
        OR EXISTS (
            SELECT 1 FROM staging.stg_cell AS cell
            WHERE cell.report_table = stated.report_table
                AND cell.edition = stated.edition
                AND cell.is_table_withheld
        )
)

SELECT
    report_table,
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial,
    days,
    days_covered,
    cell,
    CASE WHEN NOT is_withheld THEN numerator / denominator END AS share,
    CASE WHEN NOT is_withheld THEN numerator END AS numerator,
    denominator::BIGINT AS denominator,
    coverage,
    CASE WHEN is_withheld THEN 'c' END AS symbol,
    CASE WHEN NOT is_withheld THEN numerator / everything END AS share_of_all,
    CASE WHEN NOT is_withheld AND cell IS NOT NULL THEN numerator / known END AS share_of_known
FROM dated
UNION ALL
SELECT
    report_table,
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial,
    days,
    days_covered,
    'not_available',
    NULL,
    NULL,
    NULL,
    NULL,
    CASE WHEN is_missing THEN 'x' ELSE 'c' END,
    NULL,
    NULL
FROM closed
ORDER BY report_table, edition, cell
