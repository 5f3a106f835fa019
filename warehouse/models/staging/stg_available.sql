-- Whether the export behind a figure has the columns that the figure needs, and which are missing.
-- Grain: edition, figure. An export of another coverage type, such as a sample, gives no stock or flow.
WITH as_of AS (
    SELECT edition, period_from, period_to, dataset AS scope, dataset, as_of
    FROM staging.stg_edition
    UNION ALL
    -- A listing or inquiry belongs to a seller once a census of that year or an earlier one has
    -- shown the seller.
    SELECT edition, period_from, period_to, 'known_sellers', dataset, (
        SELECT max(export_date)
        FROM staging.stg_night
        WHERE dataset = 'sellers' AND is_good AND export_date <= stg_edition.period_to
    )
    FROM staging.stg_edition
    WHERE dataset = 'sellers'
    UNION ALL
    -- Requests for quotation are samples: their last night, or else any night, shows what is missing.
    SELECT
        edition.edition,
        edition.period_from,
        edition.period_to,
        'requests',
        edition.dataset,
        arg_max(night.export_date, (field.field IS NOT NULL, night.export_date))
    FROM staging.stg_edition AS edition
    LEFT JOIN staging.stg_night AS night
        ON night.dataset = edition.dataset
        AND night.is_usable
        AND night.export_date BETWEEN edition.period_from AND edition.period_to
    LEFT JOIN lake.night_fields AS field
        ON field.field = 'quotes_left'
        AND field.dataset = night.dataset
        AND field.export_date = night.export_date
    WHERE edition.dataset = 'inquiries'
    GROUP BY ALL
),

-- The export of the as-of night; without one, any other of the period.
rests_on AS (
    SELECT as_of.edition, as_of.scope, as_of.dataset, as_of.as_of, night.export_date, night.extent
    FROM as_of
    LEFT JOIN staging.stg_night AS night
        ON night.dataset = as_of.dataset
        AND night.is_usable
        AND night.export_date BETWEEN coalesce(as_of.as_of, as_of.period_from)
        AND coalesce(as_of.as_of, as_of.period_to)
),

shown AS (
    SELECT
        edition,
        scope,
        dataset,
        as_of IS NULL AS has_no_export,
        string_agg(DISTINCT extent, ' and ' ORDER BY extent) AS extents
    FROM rests_on
    GROUP BY edition, scope, dataset, as_of
),

stated AS (
    SELECT DISTINCT rests_on.edition, rests_on.scope, field.field
    FROM rests_on
    JOIN lake.night_fields AS field USING (dataset, export_date)
),

met AS (
    SELECT shown.*, need.figure, need.place, need.need, bool_or(stated.field IS NOT NULL) AS is_there
    FROM lake.needs AS need
    JOIN shown USING (scope)
    LEFT JOIN stated USING (edition, scope, field)
    GROUP BY ALL
),

gap AS (
    SELECT
        * EXCLUDE (place, need, is_there),
        string_agg(need, ', ' ORDER BY place) FILTER (WHERE NOT is_there) AS columns
    FROM met
    GROUP BY ALL
)

SELECT
    edition,
    figure,
    NOT bool_or(has_no_export OR columns IS NOT NULL) AS is_available,
    string_agg(
        dataset || ': ' || CASE
            WHEN has_no_export AND extents IS NULL THEN 'no export'
            ELSE concat_ws(
                ' and ',
                CASE
                    WHEN has_no_export
                        THEN 'no ' || CASE dataset WHEN 'inquiries' THEN 'window' ELSE 'census' END
                            || ' export (' || extents || ' only)'
                END,
                'no ' || replace(columns, ' | ', ' or ')
            )
        END,
        '; '
        ORDER BY dataset
    ) FILTER (WHERE has_no_export OR columns IS NOT NULL) AS missing
FROM gap
GROUP BY edition, figure
ORDER BY edition, figure
