-- Live listings per paid seller: median and 90th percentile. Grain: edition.
-- Sellers without listings count with 0; without them the median would be that of active sellers.
-- As of the census of sellers.
WITH counted AS (
    SELECT
        edition,
        count(*) AS sellers,
        quantile_cont(listings::DOUBLE, 0.5) AS median_listings,
        quantile_cont(listings::DOUBLE, 0.9) AS p90_listings,
        count(*) FILTER (WHERE listings = 0) AS without_listings
    FROM staging.stg_paid_seller
    WHERE listings IS NOT NULL
    GROUP BY edition
),

figure AS (
    SELECT
        frame.*,
        counted.* EXCLUDE (edition),
        census.coverage,
        symbol_of(frame.is_available AND sellers IS NOT NULL, whole.cell IS NOT NULL) AS symbol,
        CASE WHEN split.cell IS NOT NULL THEN coalesce(symbol, 'c') ELSE symbol END AS split_symbol
    FROM staging.stg_frame AS frame
    LEFT JOIN counted USING (edition)
    LEFT JOIN staging.stg_census AS census ON census.snapshot_date = frame.as_of
    LEFT JOIN disclosure.suppressed AS whole
        ON whole.figure = frame.figure AND whole.edition = frame.edition AND whole.cell = ''
    LEFT JOIN disclosure.suppressed AS split
        ON split.figure = 'no_listings_share' AND split.edition = frame.edition AND split.cell = ''
    WHERE frame.figure = 'listings_per_seller'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    shown(median_listings, symbol) AS median_listings,
    shown(sellers, symbol) AS median_listings_numerator,
    shown(sellers, symbol) AS median_listings_denominator,
    shown(coverage, symbol) AS median_listings_coverage,
    symbol AS median_listings_symbol,
    shown(p90_listings, symbol) AS p90_listings,
    shown(sellers, symbol) AS p90_listings_numerator,
    shown(sellers, symbol) AS p90_listings_denominator,
    shown(coverage, symbol) AS p90_listings_coverage,
    symbol AS p90_listings_symbol,
    shown(without_listings / sellers, split_symbol) AS no_listings_share,
    shown(without_listings, split_symbol) AS no_listings_share_numerator,
    shown(sellers, symbol) AS no_listings_share_denominator,
    shown(coverage, symbol) AS no_listings_share_coverage,
    split_symbol AS no_listings_share_symbol
FROM figure
ORDER BY year_basis DESC, year
