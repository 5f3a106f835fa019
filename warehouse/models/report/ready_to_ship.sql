-- Share of the live listings that are ready to ship, of those that say whether. Grain: edition.
SELECT
    edition, year_basis, as_of, period_from, period_to, is_partial, share, numerator, denominator,
    coverage, symbol
FROM staging.stg_listing_share
WHERE figure = 'ready_to_ship'
ORDER BY year_basis DESC, year
