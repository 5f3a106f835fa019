-- Share of live listings ready to ship, among those that say whether they are. Grain: edition.
SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial, share, numerator, denominator,
    coverage, symbol
FROM staging.stg_listing_share
WHERE figure = 'ready_to_ship'
ORDER BY year_basis DESC, year
