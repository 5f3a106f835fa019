-- Live listings at each edition's date, and all listings ever seen up to it. Grain: edition.
-- The first is a stock, the second only grows: never compare the two.
SELECT
    live.edition,
    live.year_basis,
    live.year,
    live.as_of,
    live.period_from,
    live.period_to,
    live.is_partial,
    live.numerator AS live_listings,
    live.numerator AS live_listings_numerator,
    NULL::BIGINT AS live_listings_denominator,
    live.coverage AS live_listings_coverage,
    live.symbol AS live_listings_symbol,
    ever.numerator AS listings_ever,
    ever.numerator AS listings_ever_numerator,
    NULL::BIGINT AS listings_ever_denominator,
    ever.coverage AS listings_ever_coverage,
    ever.symbol AS listings_ever_symbol
FROM report.headline AS live
JOIN report.headline AS ever USING (edition)
WHERE live.metric = 'live_listings' AND ever.metric = 'listings_ever'
ORDER BY live.year_basis DESC, live.edition
