-- A city's share of the sellers against its share of the exports. Grain: edition, city_key.
-- Exports are published by fiscal year and by few cities: an edition takes the share of its own year
-- or else of the year before, and says which. Without any, or for a calendar year, it has one row,
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
    WHERE report_table = 'sellers_by_city'
    GROUP BY edition
),

figure AS (
    SELECT
        dim_edition.edition,
        dim_edition.year_basis,
        dim_edition.year,
        dim_edition.sellers_as_of AS as_of,
        dim_edition.period_from,
        dim_edition.period_to,
        dim_edition.sellers_as_of IS NULL
        OR dim_edition.sellers_as_of < dim_edition.period_to AS is_partial,
        exports.city_key,
        city.city,
        -- A city without a row has no seller, unless nothing is known of any.
        CASE
            WHEN share.symbol = 'c' THEN NULL
            WHEN exports.city_key IS NOT NULL AND total.known > 0 THEN coalesce(share.share, 0)
        END AS share_of_sellers,
        exports.share_of_exports,
        exports.fiscal_year,
        exports.source,
        exports.source_url,
        total.known,
        total.coverage,
        exports.city_key IS NOT NULL
        AND (coalesce(share.symbol = 'c', false) OR coalesce(total.is_withheld, false))
            AS is_withheld
    FROM marts.dim_edition
    LEFT JOIN exports ON exports.edition = dim_edition.edition
    LEFT JOIN marts.dim_city AS city ON city.city_key = exports.city_key
    LEFT JOIN total ON total.edition = dim_edition.edition
    LEFT JOIN staging.stg_share AS share
        ON share.edition = dim_edition.edition
        AND share.report_table = 'sellers_by_city'
        AND share.cell = exports.city_key
)

SELECT
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial,
    coalesce(city_key, 'not_available') AS city_key,
    CASE WHEN city_key IS NULL THEN 'Not available' ELSE coalesce(city, city_key) END AS city,
    share_of_sellers / share_of_exports AS participation_gap,
    share_of_sellers AS numerator,
    share_of_exports AS denominator,
    CASE WHEN city_key IS NOT NULL AND known > 0 THEN coverage END AS coverage,
    CASE
        WHEN is_withheld THEN 'c'
        WHEN share_of_sellers IS NULL THEN 'x'
    END AS symbol,
    (fiscal_year - 1) || '-' || lpad((fiscal_year % 100)::VARCHAR, 2, '0') AS exports_year,
    source,
    source_url
FROM figure
ORDER BY year_basis DESC, year, city_key
