-- Listings that came and went in each month of an edition. Grain: edition, month, flow.
-- A month without a good census in it and in the month before is not available: no earlier or
-- later night is put in its place. Without any census the edition has one row, without a month.
WITH month AS (
    SELECT
        edition,
        unnest(generate_series(period_from, listings_as_of, INTERVAL 1 MONTH))::DATE AS month
    FROM marts.dim_edition
    UNION ALL
    SELECT edition, NULL FROM marts.dim_edition WHERE listings_as_of IS NULL
),

told AS (
    SELECT
        edition.*,
        month.month,
        named.flow,
        named.place,
        flow.flow_from,
        flow.flow_to,
        flow.listings,
        flow.coverage,
        flow.is_withheld,
        coalesce(available.is_available AND flow.flow_from IS NOT NULL, false) AS is_told
    FROM month
    JOIN marts.dim_edition AS edition ON edition.edition = month.edition
    CROSS JOIN (VALUES (1, 'new'), (2, 'returned'), (3, 'dropped')) AS named (place, flow)
    LEFT JOIN staging.stg_listing_flow AS flow
        ON flow.edition = month.edition AND flow.month = month.month AND flow.flow = named.flow
    LEFT JOIN staging.stg_available AS available
        ON available.edition = month.edition AND available.figure = 'listing_flow'
)

SELECT
    edition,
    year_basis,
    listings_as_of AS as_of,
    period_from,
    period_to,
    listings_as_of IS NULL
    OR listings_as_of < period_to
    OR bool_or(NOT is_told) OVER (PARTITION BY edition) AS is_partial,
    month,
    flow,
    last_day(month) - month + 1 AS days,
    CASE WHEN is_told THEN flow_to - month + 1 WHEN month IS NOT NULL THEN 0 END AS days_covered,
    CASE WHEN is_told THEN flow_from END AS flow_from,
    CASE WHEN is_told THEN flow_to END AS flow_to,
    CASE WHEN is_told AND NOT is_withheld THEN listings END AS listings,
    CASE WHEN is_told AND NOT is_withheld THEN listings END AS numerator,
    NULL::BIGINT AS denominator,
    CASE WHEN is_told THEN coverage END AS coverage,
    CASE
        WHEN NOT is_told THEN 'x'
        WHEN is_withheld THEN 'c'
    END AS symbol
FROM told
ORDER BY year_basis DESC, year, month, place
