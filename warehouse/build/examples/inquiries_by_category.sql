-- About which top categories did buyers inquire in the newest fiscal year? Where no census had shown the
-- listing before the inquiry came, its category is not known.
WITH newest AS (
    SELECT period_from, period_to
    FROM outlook.report.inquiry_year
    WHERE year_basis = 'fiscal'
    ORDER BY year DESC
    LIMIT 1
)

SELECT coalesce(category.category, 'Not known') AS category, count(*) AS inquiries
FROM outlook.marts.fct_inquiry AS inquiry
JOIN newest ON inquiry.posted_on_local BETWEEN newest.period_from AND newest.period_to
LEFT JOIN outlook.marts.dim_category AS category
    ON category.category_id = inquiry.top_category_id
WHERE inquiry.is_counted
GROUP BY ALL
ORDER BY inquiries DESC, category
