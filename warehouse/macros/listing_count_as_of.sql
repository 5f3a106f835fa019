-- Live listings of the market on the night of a good census of listings, from the daily numbers.
SELECT sum(day.live_listings) FILTER (
    WHERE (
        SELECT arg_max(seller.country_iso2, seller.valid_from_on)
        FROM outlook.marts.dim_seller AS seller
        WHERE seller.seller_id = day.seller_id
            AND seller.valid_from_on <= d::DATE
            AND seller.country_iso2 IS NOT NULL
    ) = (SELECT market_iso2 FROM outlook.meta.release)
)::BIGINT
FROM outlook.marts.fct_seller_day AS day
JOIN outlook.meta.night AS night ON night.export_date = day.snapshot_on
WHERE night.dataset = 'listings' AND night.is_good AND day.snapshot_on = d::DATE
