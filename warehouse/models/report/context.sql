-- Claims that others have published about the year, compared with our figures. Grain: edition, claim.
-- Confirmed: our figure meets the claim. Differing: it does not. Not testable: these exports have no
-- such figure, ours is withheld or not available, or the exports are generated. An edition without claims has one row,
-- `not_available`.
WITH figure AS (
    SELECT edition, metric AS figure, NULL AS figure_key, as_of, is_partial, value, numerator, denominator,
        coverage, symbol, NULL AS years
    FROM report.headline
    UNION ALL
    SELECT edition, 'cagr', NULL, as_of, is_partial, cagr, cagr_numerator, cagr_denominator, cagr_coverage,
        cagr_symbol, cagr_years
    FROM report.seller_growth
    UNION ALL
    SELECT edition, 'sellers_by_city', city_key, as_of, is_partial, share, numerator, denominator, coverage,
        symbol, NULL
    FROM report.sellers_by_city
    UNION ALL
    SELECT edition, 'sellers_by_category', top_category_id, as_of, is_partial, share, numerator, denominator,
        coverage, symbol, NULL
    FROM report.sellers_by_category
    UNION ALL
    SELECT edition, 'sellers_by_country', country_iso2, as_of, is_partial, rank, numerator, denominator,
        coverage, symbol, NULL
    FROM report.sellers_by_country
    UNION ALL
    -- Press claims divide by all listings and by all sellers.
    SELECT edition, 'listings_by_category', top_category_id, as_of, is_partial, share_of_all, numerator,
        round(numerator / share_of_all)::BIGINT,
        coverage, symbol, NULL
    FROM report.listings_by_category
),

-- Growth over another number of years is a different figure.
tested AS (
    SELECT
        dim_edition.edition,
        dim_edition.year_basis,
        dim_edition.year,
        dim_edition.period_from,
        dim_edition.period_to,
        figure.as_of,
        coalesce(figure.is_partial, true) AS is_partial,
        claim.* EXCLUDE (year) REPLACE (
            coalesce(claim.claim, 'not_available') AS claim,
            coalesce(claim.statement, 'Not available') AS statement
        ),
        figure.value,
        figure.numerator,
        figure.denominator,
        figure.coverage,
        figure.symbol
    FROM marts.dim_edition
    LEFT JOIN lake.claims AS claim ON claim.year = dim_edition.year
    LEFT JOIN figure
        ON figure.edition = dim_edition.edition
        AND figure.figure = claim.figure
        AND figure.figure_key IS NOT DISTINCT FROM claim.figure_key
        AND (claim.needs_years IS NULL OR figure.years = claim.needs_years)
        AND figure.value IS NOT NULL
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    claim,
    statement,
    figure,
    figure_key,
    comparison,
    unit,
    claimed_value,
    tolerance,
    value,
    numerator,
    denominator,
    coverage,
    CASE
        WHEN value IS NULL OR (SELECT is_sample FROM lake.market) THEN 'not testable'
        WHEN comparison = 'more than' AND value > claimed_value THEN 'confirmed'
        WHEN comparison = 'about' AND abs(value - claimed_value) <= tolerance + 1e-12 THEN 'confirmed'
        ELSE 'differing'
    END AS verdict,
    CASE WHEN value IS NULL THEN 'x' ELSE symbol END AS symbol,
    source,
    source_url,
    published_on
FROM tested
ORDER BY year_basis DESC, edition, published_on, claim
