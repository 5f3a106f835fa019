-- How many inquiries did the market's sellers receive each month, by the day in the market?
SELECT
    outlook.fiscal_label(outlook.fiscal_year(posted_on_local)) AS fiscal_label,
    date_trunc('month', posted_on_local)::DATE AS month,
    count(*) AS inquiries
FROM outlook.marts.fct_inquiry
WHERE
    channel = 'inquiry'
    AND is_spam IS NOT true
    AND posted_on_local IS NOT NULL
    AND seller_id IN (
        SELECT seller_id
        FROM outlook.marts.dim_seller
        WHERE country_iso2 = (SELECT market_iso2 FROM outlook.meta.release)
    )
GROUP BY ALL
ORDER BY month
