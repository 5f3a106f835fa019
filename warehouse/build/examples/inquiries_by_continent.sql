-- From which continents do inquiries come, of those whose country is known? A continent's withheld
-- countries are left out of its sum.
SELECT
    flow.edition,
    country.continent,
    sum(flow.numerator)::BIGINT AS inquiries,
    sum(flow.share) AS share,
    count(*) FILTER (flow.symbol = 'c') AS withheld_countries
FROM outlook.report.inquiries_by_country AS flow
JOIN outlook.marts.dim_country AS country
    ON country.country_iso2 = flow.buyer_country_iso2
WHERE flow.year_basis = 'fiscal'
GROUP BY ALL
ORDER BY flow.edition, inquiries DESC
