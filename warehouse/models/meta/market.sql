-- Whose figures these are, and the rules of that market that a reader must know. Grain: country.
SELECT
    country AS country_iso2,
    name AS market_name,
    fiscal_year_starts_in_month,
    smallest_cell
FROM lake.market
