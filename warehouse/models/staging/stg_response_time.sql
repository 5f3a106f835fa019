-- How long buyers wait for the first reply, and how many got none, by month and report year.
-- Grain: edition, span, span_from. Inquiries with an automatic first reply are left out: the time of
-- the first human reply is unknown.
WITH figure AS (
    SELECT
        * EXCLUDE (symbol),
        CASE WHEN answerable = 0 THEN 'x' ELSE symbol END AS symbol,
        CASE
            WHEN answerable = 0 THEN 'x'
            WHEN replied = 0 THEN coalesce(symbol, 'x')
            ELSE symbol
        END AS hours_symbol,
        CASE WHEN is_told THEN reply_coverage END AS told_coverage,
        -- No inquiries at all is a known 0.
        is_told AND NOT is_hidden AS is_shown
    FROM staging.stg_inquiry_told
    WHERE figure = 'response_time'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    span, span_from, span_to, days, days_covered,
    CASE WHEN is_shown THEN median_hours END AS median_hours,
    CASE WHEN is_shown THEN replied END AS median_hours_numerator,
    CASE WHEN is_shown THEN answerable END AS median_hours_denominator,
    told_coverage AS median_hours_coverage,
    hours_symbol AS median_hours_symbol,
    CASE WHEN is_shown THEN (answerable - replied) / nullif(answerable, 0) END AS unreplied_share,
    CASE WHEN is_shown THEN answerable - replied END AS unreplied_share_numerator,
    CASE WHEN is_shown THEN answerable END AS unreplied_share_denominator,
    told_coverage AS unreplied_share_coverage,
    symbol AS unreplied_share_symbol
FROM figure
ORDER BY edition, span, span_from
