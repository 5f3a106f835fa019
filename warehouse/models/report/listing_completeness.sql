-- Share of live listings that state what a buyer looks for first. Grain: edition, part.
-- Pictures belong to a complete listing too, but exports do not hold them.
SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial, part, share, numerator,
    denominator, coverage, symbol
FROM staging.stg_listing_share
WHERE figure = 'listing_completeness'
ORDER BY year_basis DESC, year, place
