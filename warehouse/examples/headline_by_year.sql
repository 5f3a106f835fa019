-- How did the headline figures move over the fiscal years, and on which date does each stand?
SELECT metric, edition, as_of, value, coverage, symbol
FROM outlook.report.headline
WHERE year_basis = 'fiscal'
ORDER BY metric, edition
