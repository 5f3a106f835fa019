-- What each measure would be six and twelve months after the edition's year if its growth went on.
-- Grain: edition, measure, horizon. Of drift and same_month the better one that no rule stands against;
-- if there is none, the reason of the better one. Rounded to three digits before anybody sees it.
SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    measure,
    horizon,
    CASE WHEN measure = 'inquiries' THEN period_to + 1 END AS projected_from,
    last_day((period_to + to_months(horizon))::DATE) AS projected_to,
    shown(significant(exp(projected), 3), symbol)::DOUBLE AS central,
    shown(significant(exp(projected - half_width), 3), symbol)::DOUBLE AS low,
    shown(significant(exp(projected + half_width), 3), symbol)::DOUBLE AS high,
    shown(method, symbol) AS method,
    shown(errors, symbol) AS errors,
    shown(round(exp(past_errors[(errors + 1) // 2]) - 1, 4), symbol) AS median_error,
    shown(round(exp(past_errors[ceil(0.8 * (errors + 1))::INTEGER]) - 1, 4), symbol) AS usual_error,
    shown(round(exp(past_errors[-1]) - 1, 4), symbol) AS worst_error,
    central AS numerator,
    NULL::BIGINT AS denominator,
    NULL::DOUBLE AS coverage,
    coalesce(symbol, 'f') AS symbol,
    reason
FROM staging.stg_contest
WHERE method IN ('drift', 'same_month')
QUALIFY row_number() OVER (
    PARTITION BY edition, measure, horizon ORDER BY reason IS NOT NULL, mase, method
) = 1
ORDER BY year_basis DESC, year, measure, horizon
