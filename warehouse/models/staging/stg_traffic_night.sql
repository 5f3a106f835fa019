-- Listing traffic by night: inquiries and visitors from the listings' metrics, of the sellers that each
-- edition knew. Grain: edition, export_date. A seller's night counts with both figures or not at all.
-- An edition's first week may begin before the edition.
SELECT
    edition.edition,
    night.export_date,
    count(*) AS rows_in,
    count(*) FILTER (
        WHERE seller.country_iso2 IS NOT NULL AND traffic.visitors + traffic.inquiries IS NOT NULL
    ) AS rows_known,
    count(*) FILTER (WHERE seller.is_market AND traffic.visitors + traffic.inquiries IS NOT NULL)
        AS sellers,
    sum(traffic.visitors) FILTER (WHERE seller.is_market AND traffic.inquiries IS NOT NULL)
        AS visitors,
    sum(traffic.inquiries) FILTER (WHERE seller.is_market AND traffic.visitors IS NOT NULL)
        AS inquiries
FROM staging.stg_edition AS edition
JOIN staging.stg_night AS night
    ON night.dataset = edition.dataset
    AND night.is_good
    AND night.export_date BETWEEN edition.period_from - 6 AND edition.as_of
JOIN marts.fct_seller_day AS traffic ON traffic.snapshot_on = night.export_date
LEFT JOIN staging.stg_seller_as_of AS seller USING (edition, seller_id)
WHERE edition.dataset = 'listings'
GROUP BY edition.edition, night.export_date
ORDER BY edition.edition, night.export_date
