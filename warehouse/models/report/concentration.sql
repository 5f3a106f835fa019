-- How few cities and categories the paid sellers stand in. Grain: edition, dimension.
-- The unknown class is dropped: shares are of the known sellers. All is made of what the tables of
-- shares show, a withheld class counting as the mean of the withheld ones, so that no sum of squares
-- gives one away.
WITH dimension AS (
    SELECT * FROM (VALUES (1, 'city', 'sellers_by_city'), (2, 'category', 'sellers_by_category'))
        AS named (place, dimension, report_table)
),

total AS (
    SELECT
        report_table,
        edition,
        max(denominator) FILTER (WHERE report_table = 'sellers_by_city' AND cell IS NOT NULL) AS known_city,
        max(denominator) - coalesce(max(numerator) FILTER (WHERE cell IS NULL), 0) AS known_category,
        any_value(coverage) AS coverage,
        count(cell) FILTER (WHERE cell <> 'not_available') AS classes,
        count(*) FILTER (WHERE symbol = 'c' AND cell <> 'not_available') AS withheld,
        bool_or(cell = 'not_available' AND symbol = 'c') AS is_table_withheld
    FROM staging.stg_share
    GROUP BY report_table, edition
),

ranked AS (
    SELECT
        report_table,
        edition,
        numerator,
        row_number() OVER (PARTITION BY report_table, edition ORDER BY numerator DESC) AS place
    FROM staging.stg_share
    WHERE cell IS NOT NULL AND numerator IS NOT NULL
),

shown AS (
    SELECT
        report_table,
        edition,
        count(*) AS classes,
        sum(numerator) AS sellers,
        sum(numerator * numerator) AS squares,
        sum(numerator) FILTER (WHERE place <= 3) AS largest
    FROM ranked
    GROUP BY report_table, edition
),

figure AS (
    SELECT
        dim_edition.edition,
        dim_edition.year_basis,
        dim_edition.year,
        dim_edition.sellers_as_of AS as_of,
        dim_edition.period_from,
        dim_edition.period_to,
        dim_edition.sellers_as_of IS NULL OR dim_edition.sellers_as_of < dim_edition.period_to AS is_partial,
        dimension.place,
        dimension.dimension,
        coalesce(total.is_table_withheld, false) AS is_table_withheld,
        nullif(total.classes, 0) AS classes,
        CASE WHEN total.classes > 0 THEN total.withheld END AS withheld,
        CASE
            WHEN total.classes > 0
                THEN CASE dimension.dimension WHEN 'city' THEN known_city ELSE known_category END
        END AS known,
        total.coverage,
        coalesce(shown.sellers, 0) AS shown_sellers,
        coalesce(shown.squares, 0) AS squares,
        CASE WHEN total.withheld = 0 OR shown.classes >= 3 THEN shown.largest END AS largest
    FROM marts.dim_edition
    CROSS JOIN dimension
    LEFT JOIN total
        ON total.edition = dim_edition.edition AND total.report_table = dimension.report_table
    LEFT JOIN shown
        ON shown.edition = dim_edition.edition AND shown.report_table = dimension.report_table
),

summed AS (
    SELECT
        *,
        (squares + coalesce((known - shown_sellers) ** 2 / nullif(withheld, 0), 0))::DOUBLE AS all_squares
    FROM figure
)

SELECT
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial,
    dimension,
    classes,
    withheld AS classes_withheld,
    all_squares / (known * known) AS hhi,
    CASE WHEN known IS NOT NULL THEN all_squares END AS hhi_numerator,
    (known * known)::BIGINT AS hhi_denominator,
    CASE WHEN known IS NOT NULL THEN coverage END AS hhi_coverage,
    CASE WHEN is_table_withheld THEN 'c' WHEN known IS NULL THEN 'x' END
        AS hhi_symbol,
    largest / known AS top3_share,
    largest::BIGINT AS top3_share_numerator,
    CASE WHEN known IS NOT NULL THEN known END AS top3_share_denominator,
    CASE WHEN known IS NOT NULL THEN coverage END AS top3_share_coverage,
    CASE
        WHEN is_table_withheld THEN 'c'
        WHEN known IS NULL THEN 'x'
        WHEN largest IS NULL THEN 'c'
    END AS top3_share_symbol
FROM summed
ORDER BY year_basis DESC, year, place
