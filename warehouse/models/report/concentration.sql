-- Concentration of paid sellers in cities and categories. Grain: edition, dimension.
-- Shares are of sellers whose class is known. The figures use only what the tables of shares show; a
-- withheld class counts as the mean of all withheld ones, so that the sum of squares discloses none.
WITH ranked AS (
    SELECT
        *,
        cell IS NOT NULL AND cell <> 'not_available' AS is_class,
        row_number() OVER (PARTITION BY figure, edition, cell IS NULL ORDER BY numerator DESC) AS place
    FROM staging.stg_share
),

total AS (
    SELECT
        figure,
        edition,
        -- Shares of cities are of sellers with a known city; those of categories are of all sellers.
        max(denominator) FILTER (WHERE is_class)
        - CASE figure
            WHEN 'sellers_by_category' THEN coalesce(max(numerator) FILTER (WHERE cell IS NULL), 0)
            ELSE 0
        END AS known,
        any_value(coverage) AS coverage,
        count(*) FILTER (WHERE is_class) AS classes,
        count(*) FILTER (WHERE is_class AND symbol = 'c') AS withheld,
        bool_or(NOT is_class AND symbol = 'c') AS is_table_withheld,
        coalesce(sum(numerator) FILTER (WHERE is_class), 0) AS shown_sellers,
        coalesce(sum(numerator * numerator) FILTER (WHERE is_class), 0) AS squares,
        sum(numerator) FILTER (WHERE is_class AND place <= 3) AS largest
    FROM ranked
    GROUP BY figure, edition
),

told AS (
    SELECT
        frame.*,
        named.place,
        named.dimension,
        total.* EXCLUDE (figure, edition),
        (squares + coalesce((known - shown_sellers) ** 2 / nullif(withheld, 0), 0))::DOUBLE
            AS all_squares,
        symbol_of(classes > 0 OR is_table_withheld, is_table_withheld) AS symbol,
        CASE
            WHEN withheld > 0 AND classes - withheld < 3 THEN coalesce(symbol, 'c')
            ELSE symbol
        END AS top3_symbol
    FROM (
        VALUES (1, 'city', 'sellers_by_city'), (2, 'category', 'sellers_by_category')
    ) AS named (place, dimension, figure)
    JOIN staging.stg_frame AS frame USING (figure)
    LEFT JOIN total USING (figure, edition)
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    dimension,
    nullif(classes, 0) AS classes,
    CASE WHEN classes > 0 THEN withheld END AS classes_withheld,
    shown(all_squares / (known * known), symbol) AS hhi,
    shown(all_squares, symbol) AS hhi_numerator,
    shown(known * known, symbol)::BIGINT AS hhi_denominator,
    shown(coverage, symbol) AS hhi_coverage,
    symbol AS hhi_symbol,
    shown(largest / known, top3_symbol) AS top3_share,
    shown(largest, top3_symbol)::BIGINT AS top3_share_numerator,
    shown(known, symbol) AS top3_share_denominator,
    shown(coverage, symbol) AS top3_share_coverage,
    top3_symbol AS top3_share_symbol
FROM told
ORDER BY year_basis DESC, year, place
