-- Response rate by the platform's formula: over all inquiries and chats, and the median of sellers.
-- Grain: edition. The two differ: busy sellers dominate the first, the second is the typical seller.
-- Withheld if few sellers replied in time or few did not, and if few are busy or few are not.
WITH counted AS (
    SELECT
        edition,
        sum(valid)::BIGINT AS valid,
        sum(replied)::BIGINT AS replied,
        sum(known) / sum(messages) AS coverage,
        count(*) FILTER (WHERE valid > 0) AS sellers,
        count(*) FILTER (WHERE valid >= 10) AS busy_sellers,
        median(replied / nullif(valid, 0)) FILTER (WHERE valid >= 10) AS seller_median
    FROM staging.stg_response
    GROUP BY edition
),

figure AS (
    SELECT
        frame.* EXCLUDE (is_partial, days, days_covered),
        response_window.* EXCLUDE (edition),
        counted.* EXCLUDE (edition),
        symbol_of(frame.is_available AND valid > 0, pooled.cell IS NOT NULL) AS pooled_symbol,
        symbol_of(frame.is_available AND busy_sellers > 0, busy.cell IS NOT NULL)
            AS seller_median_symbol
    FROM staging.stg_frame AS frame
    LEFT JOIN staging.stg_response_window AS response_window USING (edition)
    LEFT JOIN counted USING (edition)
    LEFT JOIN disclosure.suppressed AS pooled
        ON pooled.figure = 'pooled' AND pooled.edition = frame.edition AND pooled.cell = ''
    LEFT JOIN disclosure.suppressed AS busy
        ON busy.figure = 'seller_median' AND busy.edition = frame.edition AND busy.cell = ''
    WHERE frame.figure = 'response_rate'
)

SELECT
    edition,
    year_basis,
    year,
    as_of,
    period_from,
    period_to,
    as_of IS NULL OR as_of < period_to OR days_covered < 30 AS is_partial,
    window_from,
    window_to,
    30 AS days,
    days_covered,
    shown(replied / valid, pooled_symbol) AS pooled,
    shown(replied, pooled_symbol) AS pooled_numerator,
    shown(valid, pooled_symbol) AS pooled_denominator,
    shown(coverage, pooled_symbol) AS pooled_coverage,
    pooled_symbol,
    shown(seller_median, seller_median_symbol) AS seller_median,
    shown(busy_sellers, seller_median_symbol) AS seller_median_numerator,
    shown(sellers, seller_median_symbol) AS seller_median_denominator,
    shown(coverage, seller_median_symbol) AS seller_median_coverage,
    seller_median_symbol
FROM figure
ORDER BY year_basis DESC, year
