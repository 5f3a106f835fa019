-- New, churned and kept sellers by city. Grain: edition, city_key.
-- Without an opening census, or if the whole table is withheld, an edition has one row,
-- `not_available`.
WITH flow AS (
    SELECT
        edition,
        city_key AS cell,
        count(*) FILTER (WHERE flow = 'new') AS new,
        count(*) FILTER (WHERE flow = 'gone') AS gone,
        count(*) FILTER (WHERE flow = 'stayed') AS kept
    FROM staging.stg_seller_flow
    GROUP BY edition, city_key
),

total AS (
    SELECT
        edition,
        count(city_key) FILTER (WHERE flow = 'new') / nullif(count(*) FILTER (WHERE flow = 'new'), 0)
            AS new_coverage,
        count(city_key) FILTER (WHERE flow <> 'new') / nullif(count(*) FILTER (WHERE flow <> 'new'), 0)
            AS opening_coverage
    FROM staging.stg_seller_flow
    GROUP BY edition
),

figure AS (
    SELECT
        frame.*,
        CASE
            WHEN flow.edition IS NULL THEN 'not_available'
            ELSE coalesce(flow.cell, 'unknown')
        END AS city_key,
        CASE
            WHEN flow.edition IS NULL THEN 'Not available'
            ELSE coalesce(city.city, flow.cell, 'Unknown')
        END AS city,
        symbol_of(
            whole.cell IS NOT NULL OR flow.edition IS NOT NULL,
            whole.cell IS NOT NULL OR hidden.cell IS NOT NULL
        ) AS symbol,
        shown(flow.new, symbol) AS new,
        shown(flow.gone, symbol) AS gone,
        shown(flow.kept, symbol) AS kept,
        shown(nullif(flow.gone + flow.kept, 0), symbol) AS at_start,
        total.new_coverage,
        total.opening_coverage
    FROM staging.stg_flow_frame AS frame
    LEFT JOIN disclosure.suppressed AS whole
        ON whole.figure = frame.figure
        AND whole.edition = frame.edition
        AND whole.cell = ''
        AND frame.is_available
    LEFT JOIN flow
        ON flow.edition = frame.edition AND frame.is_available AND whole.cell IS NULL
    LEFT JOIN total ON total.edition = flow.edition
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = frame.figure
        AND hidden.edition = frame.edition
        AND hidden.cell = flow.cell
    LEFT JOIN marts.dim_city AS city ON city.city_key = flow.cell
    WHERE frame.figure = 'seller_flow_by_city'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    days, days_covered,
    opened_on,
    city_key,
    city,
    new AS new_sellers,
    new AS new_sellers_numerator,
    NULL::BIGINT AS new_sellers_denominator,
    new_coverage AS new_sellers_coverage,
    symbol AS new_sellers_symbol,
    gone AS churned_sellers,
    gone AS churned_sellers_numerator,
    NULL::BIGINT AS churned_sellers_denominator,
    opening_coverage AS churned_sellers_coverage,
    symbol AS churned_sellers_symbol,
    kept / at_start AS retention,
    CASE WHEN at_start IS NOT NULL THEN kept END AS retention_numerator,
    at_start AS retention_denominator,
    opening_coverage AS retention_coverage,
    -- A city without paid sellers at the start kept and lost 0.
    CASE WHEN at_start IS NULL THEN coalesce(symbol, 'x') ELSE symbol END AS retention_symbol
FROM figure
ORDER BY
    year_basis DESC, year, retention_denominator DESC NULLS LAST, new_sellers DESC NULLS LAST, city_key
