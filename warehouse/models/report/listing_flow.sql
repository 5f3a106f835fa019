-- Listings that came and went in each month of an edition. Grain: edition, month, flow.
-- A month needs a good census in it and in the month before, or it is not available: no earlier or
-- later night replaces one. Without any census the edition has one row, without a month.
-- A month is withheld as a whole, since the stock before and after would disclose one of the three.
WITH figure AS (
    SELECT
        frame.* EXCLUDE (days, days_covered),
        period.span_from AS month,
        named.flow,
        named.place,
        counted.flow_from,
        counted.flow_to,
        counted.listings,
        counted.coverage,
        symbol_of(frame.is_available AND flow_from IS NOT NULL, hidden.cell IS NOT NULL) AS symbol
    FROM staging.stg_frame AS frame
    LEFT JOIN staging.stg_period AS period
        ON period.edition = frame.edition AND period.dataset = 'listings' AND period.span = 'month'
    CROSS JOIN (VALUES (1, 'new'), (2, 'returned'), (3, 'dropped')) AS named (place, flow)
    LEFT JOIN staging.stg_listing_flow AS counted
        ON counted.edition = frame.edition
        AND counted.month = period.span_from
        AND counted.flow = named.flow
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = frame.figure
        AND hidden.edition = frame.edition
        AND hidden.cell = period.span_from::VARCHAR
    WHERE frame.figure = 'listing_flow'
)

SELECT
    edition,
    year_basis,
    year,
    as_of,
    period_from,
    period_to,
    is_partial OR bool_or(coalesce(symbol = 'x', false)) OVER (PARTITION BY edition) AS is_partial,
    month,
    flow,
    last_day(month) - month + 1 AS days,
    CASE WHEN symbol IS DISTINCT FROM 'x' THEN flow_to - month + 1 WHEN month IS NOT NULL THEN 0 END
        AS days_covered,
    CASE WHEN symbol IS DISTINCT FROM 'x' THEN flow_from END AS flow_from,
    CASE WHEN symbol IS DISTINCT FROM 'x' THEN flow_to END AS flow_to,
    shown(listings, symbol) AS listings,
    shown(listings, symbol) AS numerator,
    NULL::BIGINT AS denominator,
    CASE WHEN symbol IS DISTINCT FROM 'x' THEN coverage END AS coverage,
    symbol
FROM figure
ORDER BY year_basis DESC, year, month, place
