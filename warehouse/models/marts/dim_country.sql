-- Countries with their continents. Grain: country_iso2.
SELECT country_iso2, country, continent
FROM lake.countries
ORDER BY country_iso2
