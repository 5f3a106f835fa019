-- How many of the live listings say what a buyer looks for first. Grain: edition, part.
-- Pictures are part of a complete listing too, but no export has them.
SELECT
    edition, year_basis, as_of, period_from, period_to, is_partial, part, share, numerator, denominator,
    coverage, symbol
FROM staging.stg_listing_share
WHERE figure = 'listing_completeness'
ORDER BY year_basis DESC, year, place
