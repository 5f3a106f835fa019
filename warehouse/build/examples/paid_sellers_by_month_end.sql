-- How many paid sellers of the market were there at the end of each month that has a good census?
SELECT night.export_date AS as_of, count(DISTINCT seller.seller_id) AS paid_sellers
FROM outlook.meta.night AS night
JOIN outlook.marts.dim_calendar AS day ON day.calendar_on = night.export_date AND day.is_month_end
JOIN outlook.marts.dim_seller AS seller
    ON seller.valid_from_on <= night.export_date
    AND (seller.valid_until_on IS NULL OR seller.valid_until_on > night.export_date)
    AND night.export_date BETWEEN seller.paid_from_on AND seller.paid_to_on
WHERE
    night.dataset = 'sellers'
    AND night.is_good
    AND outlook.is_paid_membership(seller.membership)
    AND seller.country_iso2 = (SELECT market_iso2 FROM outlook.meta.release)
GROUP BY night.export_date
ORDER BY as_of
