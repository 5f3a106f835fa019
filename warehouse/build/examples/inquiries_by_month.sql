-- How many inquiries did the market's sellers receive each month, and how many of its days does a
-- delivery cover?
SELECT edition, span_from AS month, inquiries, days_covered, days, symbol
FROM outlook.report.inquiry_month
WHERE year_basis = 'fiscal'
ORDER BY month
