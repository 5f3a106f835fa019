-- Who was there at the start of the newest fiscal year, and where? As the night itself knew it.
SELECT coalesce(city_key, 'unknown') AS city_key, count(*) AS accounts
FROM outlook.seller_as_of(
    (SELECT max(period_from) FROM outlook.marts.dim_edition WHERE year_basis = 'fiscal')
)
WHERE country_iso2 = (SELECT market_iso2 FROM outlook.meta.release)
GROUP BY ALL
HAVING count(*) >= 5
ORDER BY accounts DESC, city_key
