-- Every cell as a share, with its edition, for all tables that divide a figure.
-- Grain: figure, edition, cell (null is the unknown class, as a share of all).
-- Shares are of rows whose class is known, except main categories, which are of all paid sellers. Each
-- cell has both shares; they differ by the coverage, which is shown with either.
-- An edition has one row, `not_available`, if its exports lack what the table needs, or if the whole
-- table is withheld, because the number of cells would disclose something. It has no row if the exports
-- are complete and hold nothing for the table.
WITH total AS (
    SELECT
        figure,
        edition,
        coalesce(sum(numerator) FILTER (WHERE cell IS NOT NULL), 0) AS known,
        sum(numerator) AS everything,
        bool_or(is_table_withheld) AS is_withheld
    FROM staging.stg_cell
    GROUP BY figure, edition
),

told AS (
    SELECT
        frame.*,
        CASE WHEN cell.edition IS NULL THEN 'not_available' ELSE cell.cell END AS cell,
        CASE WHEN cell.edition IS NULL THEN 'not_available' ELSE coalesce(cell.cell, 'unknown') END
            AS key,
        symbol_of(frame.is_available, total.is_withheld OR cell.is_withheld) AS symbol,
        cell.numerator,
        total.known,
        total.everything,
        CASE
            WHEN cell.edition IS NULL THEN NULL
            WHEN cell.cell IS NULL OR named.is_share_of_all THEN total.everything
            ELSE total.known
        END::BIGINT AS denominator
    FROM staging.stg_frame AS frame
    JOIN lake.figures AS named ON named.figure = frame.figure AND named.is_share
    LEFT JOIN total ON total.figure = frame.figure AND total.edition = frame.edition
    LEFT JOIN staging.stg_cell AS cell
        ON cell.figure = frame.figure
        AND cell.edition = frame.edition
        AND frame.is_available
        AND NOT coalesce(total.is_withheld, false)
    WHERE total.edition IS NOT NULL OR NOT frame.is_available
)

SELECT
    told.edition,
    told.year_basis,
    told.year,
    told.as_of,
    told.period_from,
    told.period_to,
    told.is_partial,
    told.days,
    told.days_covered,
    told.figure,
    told.cell,
    told.key,
    CASE told.key
        WHEN 'not_available' THEN 'Not available'
        WHEN 'unknown' THEN 'Unknown'
        ELSE coalesce(city.city, category.category, told.cell)
    END AS label,
    shown(numerator / denominator, symbol) AS share,
    shown(numerator / everything, symbol) AS share_of_all,
    CASE WHEN told.key <> 'unknown' THEN shown(numerator / known, symbol) END AS share_of_known,
    shown(numerator, symbol) AS numerator,
    denominator,
    CASE WHEN denominator IS NOT NULL THEN known / everything END AS coverage,
    symbol
FROM told
LEFT JOIN marts.dim_city AS city ON city.city_key = told.cell
LEFT JOIN marts.dim_category AS category ON category.category_id = told.cell
ORDER BY told.figure, told.edition, told.cell
