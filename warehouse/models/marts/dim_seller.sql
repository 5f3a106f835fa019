-- Sellers as a slowly changing dimension: one row per state of a storefront, from the night that first
-- showed it until the night that showed another or none. Grain: seller_id, valid_from_on.
-- Only the current state has a main category: the report's, from the newest census of listings. Only
-- the state on the last good night says whether the seller is a paid one of the market.
WITH census AS (
    SELECT max(export_date) AS last_on
    FROM staging.stg_night
    WHERE dataset = 'sellers' AND is_good
),

main AS (
    SELECT seller_id, main_category_id
    FROM marts.dim_main_category
    WHERE edition = (SELECT arg_max(edition, listings_as_of) FROM marts.dim_edition)
)

SELECT
    state.seller_id,
    changed_on AS valid_from_on,
    next_on AS valid_until_on,
    next_on IS NULL AS is_current,
    company_name,
    company_key,
    country_iso2,
    province,
    city_key,
    city_raw,
    city_match,
    membership,
    paid_from AS paid_from_on,
    paid_to AS paid_to_on,
    CASE
        WHEN changed_on <= last_on AND coalesce(next_on > last_on, true)
            THEN pays_on(last_on, membership, paid_from, paid_to) AND of_market(country_iso2)
    END AS is_paid,
    years_on_platform,
    is_verified,
    channel_partner,
    CASE WHEN state.next_on IS NULL THEN main.main_category_id END AS main_category_id,
    state.main_category_id AS stated_category_id,
    main_products,
    business_type,
    revenue_band_min_usd,
    revenue_band_max_usd,
    response_rate AS response_share,
    response_time_max_h AS response_time_max_hours,
    on_time_rate AS on_time_share,
    rating,
    orders_6m,
    order_value_6m_min_usd,
    min(changed_on) OVER (PARTITION BY state.seller_id) AS first_seen_on
FROM (
    SELECT *, lead(changed_on) OVER (PARTITION BY seller_id ORDER BY changed_on) AS next_on
    FROM lake.sellers_changes
) AS state
CROSS JOIN census
LEFT JOIN main ON main.seller_id = state.seller_id
WHERE change <> 'gone'
ORDER BY state.seller_id, valid_from_on
