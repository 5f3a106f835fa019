-- Whether the export behind a figure came with the columns that it rests on, and which are missing.
-- Grain: edition, figure. An export of another extent (a sample, say) makes no stock and no flow.
WITH as_of AS (
    SELECT edition, period_from, period_to, 'sellers' AS scope, 'sellers' AS dataset, sellers_as_of AS as_of
    FROM marts.dim_edition
    UNION ALL
    SELECT edition, period_from, period_to, 'listings', 'listings', listings_as_of
    FROM marts.dim_edition
    UNION ALL
    SELECT edition, period_from, period_to, 'inquiries', 'inquiries', inquiries_as_of
    FROM marts.dim_edition
    UNION ALL
    -- Whose listings and inquiries they are is known once a census of that year or before it has
    -- shown the seller.
    SELECT edition, period_from, period_to, 'known_sellers', 'sellers', (
        SELECT max(export_date)
        FROM staging.stg_night
        WHERE dataset = 'sellers' AND is_good AND export_date <= dim_edition.period_to
    )
    FROM marts.dim_edition
    UNION ALL
    -- Requests for quotation come as samples: their last night, or else any, tells what is missing.
    SELECT
        edition.edition,
        edition.period_from,
        edition.period_to,
        'requests',
        'inquiries',
        arg_max(night.export_date, (field.field IS NOT NULL, night.export_date))
    FROM marts.dim_edition AS edition
    LEFT JOIN staging.stg_night AS night
        ON night.dataset = 'inquiries'
        AND night.is_usable
        AND night.export_date BETWEEN edition.period_from AND edition.period_to
    LEFT JOIN lake.night_fields AS field
        ON field.field = 'quotes_left'
        AND field.dataset = night.dataset
        AND field.export_date = night.export_date
    GROUP BY edition.edition, edition.period_from, edition.period_to
),

-- The export of the as-of night; without one, whatever else came in the period.
rests_on AS (
    SELECT as_of.edition, as_of.scope, as_of.dataset, as_of.as_of, night.export_date, night.extent
    FROM as_of
    LEFT JOIN staging.stg_night AS night
        ON night.dataset = as_of.dataset
        AND night.is_usable
        AND CASE
            WHEN as_of.as_of IS NOT NULL THEN night.export_date = as_of.as_of
            ELSE night.export_date BETWEEN as_of.period_from AND as_of.period_to
        END
),

shown AS (
    SELECT
        edition,
        scope,
        dataset,
        as_of,
        string_agg(DISTINCT extent, ' and ' ORDER BY extent) AS extents
    FROM rests_on
    GROUP BY edition, scope, dataset, as_of
),

stated AS (
    SELECT DISTINCT rests_on.edition, rests_on.scope, field.field
    FROM rests_on
    JOIN lake.night_fields AS field
        ON field.dataset = rests_on.dataset AND field.export_date = rests_on.export_date
),

met AS (
    SELECT
        shown.edition,
        need.figure,
        shown.scope,
        shown.dataset,
        need.place,
        need.need,
        shown.as_of,
        shown.extents,
        bool_or(stated.field IS NOT NULL) AS is_there
    FROM lake.needs AS need
    JOIN shown ON shown.scope = need.scope
    LEFT JOIN stated
        ON stated.edition = shown.edition
        AND stated.scope = shown.scope
        AND stated.field = need.field
    GROUP BY ALL
),

gap AS (
    SELECT
        edition,
        figure,
        dataset,
        as_of IS NULL AS has_no_export,
        extents,
        string_agg(need, ', ' ORDER BY place) FILTER (WHERE NOT is_there) AS columns
    FROM met
    GROUP BY edition, figure, scope, dataset, as_of, extents
)

SELECT
    edition,
    figure,
    NOT bool_or(has_no_export OR columns IS NOT NULL) AS is_available,
    string_agg(
        dataset || ': '
        || CASE
            WHEN has_no_export AND extents IS NULL THEN 'no export'
            WHEN has_no_export
                THEN 'no ' || CASE WHEN dataset = 'inquiries' THEN 'window' ELSE 'census' END
                    || ' export (' || extents || ' only)'
            ELSE ''
        END
        || CASE WHEN has_no_export AND columns IS NOT NULL AND extents IS NOT NULL THEN ' and ' ELSE '' END
        || CASE WHEN columns IS NULL OR extents IS NULL THEN '' ELSE 'no ' || replace(columns, ' | ', ' or ') END,
        '; '
        ORDER BY dataset
    ) FILTER (WHERE has_no_export OR columns IS NOT NULL) AS missing
FROM gap
GROUP BY edition, figure
ORDER BY edition, figure
