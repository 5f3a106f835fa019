-- New, churned and kept sellers by city. Grain: edition, city_key.
-- Without an opening census an edition has one row, `not_available`; where the whole table is
-- withheld, too.
WITH total AS (
    SELECT
        edition,
        sum(joined) FILTER (WHERE cell IS NOT NULL) / nullif(sum(joined), 0) AS new_coverage,
        sum(stayed + gone) FILTER (WHERE cell IS NOT NULL) / nullif(sum(stayed + gone), 0) AS opening_coverage
    FROM staging.stg_flow_cell
    WHERE report_table = 'seller_flow_by_city'
    GROUP BY edition
),

flow AS (
    SELECT
        cell.edition,
        coalesce(cell.cell, 'unknown') AS city_key,
        coalesce(city.city, cell.cell, 'Unknown') AS city,
        CASE WHEN cell.is_withheld THEN 'c' END AS withheld,
        CASE WHEN NOT cell.is_withheld THEN cell.joined END AS new,
        CASE WHEN NOT cell.is_withheld THEN cell.gone END AS churned,
        CASE WHEN NOT cell.is_withheld THEN cell.stayed END AS kept,
        total.new_coverage,
        total.opening_coverage
    FROM staging.stg_flow_cell AS cell
    JOIN total ON total.edition = cell.edition
    LEFT JOIN marts.dim_city AS city ON city.city_key = cell.cell
    WHERE cell.report_table = 'seller_flow_by_city' AND cell.is_table_withheld IS NOT true
),

closed AS (
    SELECT DISTINCT edition
    FROM staging.stg_flow_cell
    WHERE report_table = 'seller_flow_by_city' AND is_table_withheld
),

figure AS (
    SELECT
        dim_edition.edition,
        dim_edition.year_basis,
        dim_edition.year,
        dim_edition.sellers_as_of AS as_of,
        dim_edition.period_from,
        dim_edition.period_to,
        dim_edition.period_to - dim_edition.period_from + 1 AS days,
        CASE WHEN night.opened_on IS NULL THEN 0 ELSE dim_edition.sellers_as_of - dim_edition.period_from + 1 END
            AS days_covered,
        days_covered < days AS is_partial,
        night.opened_on,
        coalesce(flow.city_key, 'not_available') AS city_key,
        coalesce(flow.city, 'Not available') AS city,
        flow.new,
        flow.churned,
        flow.kept,
        nullif(flow.churned + flow.kept, 0) AS at_start,
        flow.new_coverage,
        flow.opening_coverage,
        CASE
            WHEN closed.edition IS NOT NULL THEN 'c'
            WHEN flow.city_key IS NULL THEN 'x'
            WHEN flow.withheld IS NOT NULL THEN 'c'
        END AS symbol
    FROM marts.dim_edition
    LEFT JOIN staging.stg_available AS available
        ON available.edition = dim_edition.edition AND available.figure = 'seller_flow_by_city'
    LEFT JOIN staging.stg_opening_night AS night
        ON available.is_available AND night.edition = dim_edition.edition
    LEFT JOIN flow ON flow.edition = night.edition
    LEFT JOIN closed ON closed.edition = night.edition
)

SELECT
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial,
    days,
    days_covered,
    opened_on,
    city_key,
    city,
    new AS new_sellers,
    new AS new_sellers_numerator,
    NULL::BIGINT AS new_sellers_denominator,
    new_coverage AS new_sellers_coverage,
    symbol AS new_sellers_symbol,
    churned AS churned_sellers,
    churned AS churned_sellers_numerator,
    NULL::BIGINT AS churned_sellers_denominator,
    opening_coverage AS churned_sellers_coverage,
    symbol AS churned_sellers_symbol,
    kept / at_start AS retention,
    CASE WHEN at_start IS NOT NULL THEN kept END AS retention_numerator,
    at_start AS retention_denominator,
    opening_coverage AS retention_coverage,
    -- A city where nobody paid at the start kept nobody and lost nobody.
    CASE WHEN at_start IS NULL AND symbol IS DISTINCT FROM 'c' THEN 'x' ELSE symbol END AS retention_symbol
FROM figure
ORDER BY year_basis DESC, year, retention_denominator DESC NULLS LAST, new_sellers DESC NULLS LAST, city_key
