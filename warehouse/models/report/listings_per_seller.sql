-- Live listings per paid seller: the middle one, and the one that nine of ten stay under.
-- Grain: edition. Sellers without listings are among them; as of the census of sellers.
WITH told AS (
    SELECT
        edition.*,
        counted.sellers,
        counted.median_listings,
        counted.p90_listings,
        counted.without_listings,
        counted.coverage,
        counted.is_withheld,
        counted.is_withheld OR counted.is_zero_share_withheld AS is_zero_share_withheld
    FROM marts.dim_edition AS edition
    LEFT JOIN staging.stg_available AS available
        ON available.edition = edition.edition AND available.figure = 'listings_per_seller'
    LEFT JOIN staging.stg_listings_per_seller AS counted
        ON counted.edition = edition.edition AND available.is_available
)

SELECT
    edition,
    year_basis,
    sellers_as_of AS as_of,
    period_from,
    period_to,
    sellers_as_of IS NULL OR sellers_as_of < period_to AS is_partial,
    CASE WHEN NOT is_withheld THEN median_listings END AS median_listings,
    CASE WHEN NOT is_withheld THEN sellers END AS median_listings_numerator,
    CASE WHEN NOT is_withheld THEN sellers END AS median_listings_denominator,
    CASE WHEN NOT is_withheld THEN coverage END AS median_listings_coverage,
    CASE WHEN sellers IS NULL THEN 'x' WHEN is_withheld THEN 'c' END
        AS median_listings_symbol,
    CASE WHEN NOT is_withheld THEN p90_listings END AS p90_listings,
    CASE WHEN NOT is_withheld THEN sellers END AS p90_listings_numerator,
    CASE WHEN NOT is_withheld THEN sellers END AS p90_listings_denominator,
    CASE WHEN NOT is_withheld THEN coverage END AS p90_listings_coverage,
    CASE WHEN sellers IS NULL THEN 'x' WHEN is_withheld THEN 'c' END
        AS p90_listings_symbol,
    CASE WHEN NOT is_zero_share_withheld THEN without_listings / sellers END AS no_listings_share,
    CASE WHEN NOT is_zero_share_withheld THEN without_listings END AS no_listings_share_numerator,
    CASE WHEN NOT is_withheld THEN sellers END AS no_listings_share_denominator,
    CASE WHEN NOT is_withheld THEN coverage END AS no_listings_share_coverage,
    CASE
        WHEN sellers IS NULL THEN 'x'
        WHEN is_zero_share_withheld THEN 'c'
    END AS no_listings_share_symbol
FROM told
ORDER BY year_basis DESC, year
