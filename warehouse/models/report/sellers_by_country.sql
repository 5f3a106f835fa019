-- Paid sellers of each country in the census of sellers, and its rank among countries other than
-- China. Grain: edition, country_iso2. A census of the market alone says nothing about other countries:
-- the edition then has one row, `not_available`. No total is shown, so that no cell is its remainder.
WITH counted AS (
    SELECT snapshot_date, country_iso2, count(*) FILTER (WHERE is_paying) AS sellers
    FROM staging.stg_census_seller
    WHERE country_iso2 IS NOT NULL
    GROUP BY snapshot_date, country_iso2
    QUALIFY count(*) OVER (PARTITION BY snapshot_date) > 1
),

figure AS (
    SELECT
        frame.*,
        counted.country_iso2,
        counted.sellers,
        census.coverage,
        CASE
            WHEN counted.country_iso2 <> 'CN'
                THEN rank() OVER (
                    PARTITION BY frame.edition, counted.country_iso2 = 'CN'
                    ORDER BY counted.sellers DESC
                )
        END AS rank,
        symbol_of(counted.sellers IS NOT NULL, hidden.cell IS NOT NULL) AS symbol
    FROM staging.stg_frame AS frame
    LEFT JOIN counted ON counted.snapshot_date = frame.as_of AND frame.is_available
    LEFT JOIN staging.stg_census AS census ON census.snapshot_date = frame.as_of
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = frame.figure
        AND hidden.edition = frame.edition
        AND hidden.cell = counted.country_iso2
    WHERE frame.figure = 'sellers_by_country'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    coalesce(country_iso2, 'not_available') AS country_iso2,
    CASE WHEN country_iso2 IS NULL THEN 'Not available' ELSE coalesce(country, country_iso2) END
        AS country,
    shown(sellers, symbol) AS paid_sellers,
    shown(rank, symbol)::INTEGER AS rank,
    shown(sellers, symbol) AS numerator,
    NULL::BIGINT AS denominator,
    shown(coverage, symbol) AS coverage,
    symbol
FROM figure
LEFT JOIN marts.dim_country USING (country_iso2)
ORDER BY year_basis DESC, year, paid_sellers DESC NULLS LAST, country_iso2
