-- How far online records could reach: sellers with an online order per seller with an inquiry.
-- Grain: edition. Never a value: deals close offline.
WITH counted AS (
    SELECT
        edition,
        count(*) FILTER (WHERE class = 'order') AS with_order,
        nullif(count(*) FILTER (WHERE class = 'inquiry'), 0) AS with_inquiry,
        count(*) FILTER (WHERE class = 'inquiry' AND is_known) AS known
    FROM staging.stg_online_order
    GROUP BY edition
),

figure AS (
    SELECT
        frame.* EXCLUDE (as_of),
        CASE WHEN sellers.as_of IS NOT NULL AND frame.as_of IS NOT NULL
            THEN least(sellers.as_of, frame.as_of) END AS as_of,
        counted.* EXCLUDE (edition),
        symbol_of(frame.is_available AND known > 0, hidden.cell IS NOT NULL) AS symbol
    FROM staging.stg_frame AS frame
    JOIN staging.stg_edition AS sellers
        ON sellers.edition = frame.edition AND sellers.dataset = 'sellers'
    LEFT JOIN counted ON counted.edition = frame.edition
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = frame.figure AND hidden.edition = frame.edition AND hidden.cell = ''
    WHERE frame.figure = 'online_order_coverage'
)

SELECT
    edition,
    year_basis,
    year,
    as_of,
    period_from,
    period_to,
    as_of IS NULL OR as_of < period_to OR is_partial AS is_partial,
    days, days_covered,
    shown(with_order / with_inquiry, symbol) AS online_order_coverage,
    shown(with_order, symbol) AS numerator,
    shown(with_inquiry, symbol) AS denominator,
    shown(known / with_inquiry, symbol) AS coverage,
    symbol
FROM figure
ORDER BY year_basis DESC, year
