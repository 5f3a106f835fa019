-- How fast does the number of paid sellers grow, from when to when, and does the macro agree?
SELECT
    edition,
    cagr_denominator AS sellers_then,
    cagr_from,
    cagr_numerator AS sellers_now,
    as_of,
    cagr_years,
    cagr,
    outlook.cagr(cagr_denominator, cagr_numerator, cagr_years) AS cagr_by_macro
FROM outlook.report.seller_growth
WHERE cagr IS NOT NULL
ORDER BY edition
