-- Live listings at the census that closes each month of an edition. Grain: edition, month.
-- A month without a census is not available; without any census the edition has one row, without a
-- month. Listings ever seen are left out: by month they would disclose withheld new listings.
WITH figure AS (
    SELECT
        frame.*,
        period.span_from AS month,
        stock.* EXCLUDE (edition, month, sellers),
        -- A night that cannot tell which listings are live can still show that few sellers have any.
        CASE
            WHEN frame.is_available AND hidden.cell IS NOT NULL THEN 'c'
            ELSE symbol_of(frame.is_available AND stock.live_listings IS NOT NULL, false)
        END AS symbol
    FROM staging.stg_frame AS frame
    LEFT JOIN staging.stg_period AS period
        ON period.edition = frame.edition AND period.dataset = 'listings' AND period.span = 'month'
    LEFT JOIN staging.stg_listing_stock AS stock
        ON stock.edition = frame.edition AND stock.month = period.span_from
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = 'listing_stock_by_month'
        AND hidden.edition = frame.edition
        AND hidden.cell = period.span_from::VARCHAR
    WHERE frame.figure = 'live_listings'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    month,
    census_on,
    shown(live_listings, symbol) AS live_listings,
    shown(live_listings, symbol) AS numerator,
    NULL::BIGINT AS denominator,
    shown(coverage, symbol) AS coverage,
    symbol
FROM figure
ORDER BY year_basis DESC, year, month
