-- Live listings of the market at the census that closes each month, as far as the edition knew their
-- sellers, and those sellers. Grain: edition, month. If the export does not show which are live, the
-- count is null, not 0.
SELECT
    period.edition,
    month.month,
    month.census_on,
    CASE
        WHEN month.tells_live
            THEN coalesce(sum(day.live_listings) FILTER (WHERE seller.is_market), 0)
    END::BIGINT AS live_listings,
    CASE
        WHEN month.tells_live
            THEN coalesce(sum(day.live_listings) FILTER (WHERE seller.country_iso2 IS NOT NULL), 0)
                / nullif(sum(day.live_listings), 0)
    END AS coverage,
    list(DISTINCT day.seller_id) FILTER (WHERE seller.is_market AND day.live_listings > 0) AS sellers
FROM staging.stg_period AS period
JOIN staging.stg_listing_month AS month ON month.month = period.span_from
LEFT JOIN lake.listing_day AS day ON day.snapshot_date = month.census_on
LEFT JOIN staging.stg_seller_as_of AS seller
    ON seller.edition = period.edition AND seller.seller_id = day.seller_id
WHERE period.dataset = 'listings' AND period.span = 'month'
GROUP BY period.edition, month.month, month.census_on, month.tells_live
ORDER BY period.edition, month.month
