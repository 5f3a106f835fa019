-- Inquiries per visitor of the listings, by week, month and report year.
-- Grain: edition, span, span_from. A ratio of sums, never an average of rates. It can exceed 1,
-- because one visitor may send several inquiries.
WITH figure AS (
    SELECT
        traffic.*,
        symbol_of(frame.is_available AND traffic.visitors > 0, hidden.cell IS NOT NULL) AS symbol
    FROM staging.stg_traffic_period AS traffic
    JOIN staging.stg_frame AS frame
        ON frame.edition = traffic.edition AND frame.figure = 'inquiry_rate'
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = frame.figure
        AND hidden.edition = traffic.edition
        AND hidden.cell = traffic.span || ' ' || traffic.span_from
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    span,
    span_from,
    span_to,
    days,
    nights,
    shown(inquiries / visitors, symbol) AS inquiry_rate,
    shown(inquiries, symbol) AS numerator,
    shown(visitors, symbol) AS denominator,
    CASE WHEN symbol IS DISTINCT FROM 'x' THEN coverage END AS coverage,
    symbol
FROM figure
ORDER BY edition, span, span_from
