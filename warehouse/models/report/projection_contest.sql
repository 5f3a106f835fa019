-- How well each method would have projected the series of each edition. Grain: edition, measure,
-- horizon, method.
SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    measure,
    horizon,
    method,
    shown(round(mase, 3), contest_symbol) AS mase,
    shown(round(bias, 4), contest_symbol) AS bias,
    shown(cases, contest_symbol) AS cases,
    shown(tested, contest_symbol) AS tested,
    shown(inside, contest_symbol) AS inside,
    shown(round(mean_error, 4), contest_symbol) AS numerator,
    shown(round(mean_change, 4), contest_symbol) AS denominator,
    NULL::DOUBLE AS coverage,
    contest_symbol AS symbol
FROM (
    SELECT *, symbol_of(is_available AND cases > 0 AND mase IS NOT NULL, is_hidden) AS contest_symbol
    FROM staging.stg_contest
)
ORDER BY year_basis DESC, year, measure, horizon, method
