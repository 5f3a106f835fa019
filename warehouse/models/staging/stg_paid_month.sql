-- Paid sellers of the market at the census that closes each month. Grain: month.
-- A census that does not state memberships counts nobody.
SELECT
    closing.month,
    closing.census_on,
    count(*) FILTER (WHERE pays_on(closing.census_on, membership, paid_from_on, paid_to_on) AND of_market(country_iso2))
        AS paid_sellers
FROM (
    SELECT date_trunc('month', export_date)::DATE AS month, max(export_date) AS census_on
    FROM staging.stg_night
    WHERE dataset = 'sellers' AND is_good AND has_membership
    GROUP BY date_trunc('month', export_date)
) AS closing
JOIN marts.dim_seller AS seller
    ON seller.valid_from_on <= closing.census_on
    AND (seller.valid_until_on IS NULL OR seller.valid_until_on > closing.census_on)
GROUP BY closing.month, closing.census_on
ORDER BY closing.month
