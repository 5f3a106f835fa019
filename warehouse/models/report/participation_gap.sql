-- A city's share of the sellers against its share of the exports. Grain: edition, city_key.
-- Few cities publish exports, by fiscal year: an edition uses the share of its own year, else of the
-- year before, and says which. Without one, or for a calendar year, it has one row,
-- `not_available`.
WITH exports AS (
    SELECT
        dim_edition.edition,
        export.city_key,
        max(export.fiscal_year) AS fiscal_year,
        arg_max(export.share_of_exports, export.fiscal_year) AS share_of_exports,
        arg_max(export.source, export.fiscal_year) AS source,
        arg_max(export.source_url, export.fiscal_year) AS source_url
    FROM marts.dim_edition
    JOIN lake.export_shares AS export
        ON export.fiscal_year BETWEEN dim_edition.year - 1 AND dim_edition.year
    WHERE dim_edition.year_basis = 'fiscal'
    GROUP BY dim_edition.edition, export.city_key
),

total AS (
    SELECT
        edition,
        max(denominator) FILTER (WHERE cell IS NOT NULL) AS known,
        any_value(coverage) AS coverage,
        bool_or(cell = 'not_available' AND symbol = 'c') AS is_withheld
    FROM staging.stg_share
    WHERE figure = 'sellers_by_city'
    GROUP BY edition
),

told AS (
    SELECT
        frame.*,
        exports.* EXCLUDE (edition),
        total.known,
        total.coverage,
        symbol_of(
            exports.city_key IS NOT NULL
            AND (total.known > 0 OR total.is_withheld OR share.symbol = 'c'),
            total.is_withheld OR share.symbol = 'c'
        ) AS gap_symbol,
        -- A city without a row has 0 sellers, unless all cities are unknown.
        shown(coalesce(share.share, 0), gap_symbol) AS share_of_sellers
    FROM staging.stg_frame AS frame
    LEFT JOIN exports USING (edition)
    LEFT JOIN total USING (edition)
    LEFT JOIN staging.stg_share AS share
        ON share.edition = frame.edition
        AND share.figure = 'sellers_by_city'
        AND share.cell = exports.city_key
    WHERE frame.figure = 'participation_gap'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    coalesce(city_key, 'not_available') AS city_key,
    CASE WHEN city_key IS NULL THEN 'Not available' ELSE coalesce(city.city, city_key) END AS city,
    share_of_sellers / share_of_exports AS participation_gap,
    share_of_sellers AS numerator,
    share_of_exports AS denominator,
    CASE WHEN city_key IS NOT NULL AND known > 0 THEN coverage END AS coverage,
    gap_symbol AS symbol,
    fiscal_label(fiscal_year) AS exports_year,
    source,
    source_url
FROM told
LEFT JOIN marts.dim_city AS city USING (city_key)
ORDER BY year_basis DESC, year, city_key
