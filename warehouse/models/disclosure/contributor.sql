-- The sellers behind every number that the report may show. Whatever a report table shows of sellers
-- is declared here; nothing else decides what is withheld.
-- Grain: figure, edition, cell, class, part, seller_id.
-- cell: the row or column that shows the number; '' is the edition as a whole, null the unknown class,
-- which names nobody. class: numbers of one cell that are shown apart or that one leaves of another
-- (with and without, those who came, stayed and left). part: the days that the same editions share,
-- which one edition less another gives. within: cells that add up among themselves only.
SELECT 'paid_sellers' AS figure, edition, '' AS cell, seller_id FROM staging.stg_paid_seller
UNION ALL BY NAME
SELECT 'sellers_by_city' AS figure, edition, city_key AS cell, seller_id
FROM staging.stg_paid_seller
UNION ALL BY NAME
-- No table of its own: what sellers_by_city showed a year before must not be given away later.
SELECT 'sellers_by_city_at_start' AS figure, night.edition, seller.city_key AS cell, seller.seller_id
FROM staging.stg_opening_night AS night
JOIN staging.stg_census_seller AS seller
    ON seller.snapshot_date = night.opened_on AND seller.is_paid
UNION ALL BY NAME
SELECT 'sellers_by_category' AS figure, edition, main_category_id AS cell, seller_id
FROM staging.stg_paid_seller
WHERE listings IS NOT NULL
UNION ALL BY NAME
SELECT 'listings_per_seller' AS figure, edition, '' AS cell, seller_id
FROM staging.stg_paid_seller
WHERE listings IS NOT NULL
UNION ALL BY NAME
SELECT
    'no_listings_share' AS figure,
    edition,
    '' AS cell,
    CASE WHEN listings = 0 THEN 'without' ELSE 'with' END AS class,
    seller_id
FROM staging.stg_paid_seller
WHERE listings IS NOT NULL
UNION ALL BY NAME
SELECT 'seller_companies' AS figure, edition, '' AS cell, seller_id
FROM staging.stg_paid_seller
WHERE company_key IS NOT NULL
UNION ALL BY NAME
SELECT 'verified_share' AS figure, edition, '' AS cell, is_verified::VARCHAR AS class, seller_id
FROM staging.stg_paid_seller
WHERE is_verified IS NOT NULL
UNION ALL BY NAME
SELECT
    'seller_growth' AS figure,
    edition.edition,
    night.base_on::VARCHAR AS cell,
    seller.seller_id
FROM staging.stg_base_night AS night
JOIN staging.stg_edition AS edition ON edition.dataset = 'sellers' AND edition.as_of = night.as_of
JOIN staging.stg_census_seller AS seller
    ON seller.snapshot_date = night.base_on AND seller.is_paid
UNION ALL BY NAME
SELECT 'seller_flow_by_city' AS figure, edition, city_key AS cell, flow AS class, seller_id
FROM staging.stg_seller_flow
UNION ALL BY NAME
SELECT 'seller_flow' AS figure, edition, '' AS cell, flow AS class, shared_by AS part, seller_id
FROM staging.stg_seller_flow
UNION ALL BY NAME
SELECT 'seller_flow' AS figure, edition, '' AS cell, 'at start' AS class, seller_id
FROM staging.stg_seller_flow
WHERE flow <> 'new'
UNION ALL BY NAME
SELECT 'partner_cohorts' AS figure, edition, channel_partner AS cell, seller_id
FROM staging.stg_cohort_seller
UNION ALL BY NAME
SELECT
    'retention_12m' AS figure,
    edition,
    channel_partner AS cell,
    is_kept::VARCHAR AS class,
    seller_id
FROM staging.stg_cohort_seller
UNION ALL BY NAME
SELECT 'partner_cohort_inquiries' AS figure, edition, channel_partner AS cell, seller_id
FROM staging.stg_cohort_seller
WHERE inquiries > 0
UNION ALL BY NAME
SELECT 'live_listings' AS figure, edition, '' AS cell, seller_id
FROM staging.stg_live_listing
WHERE is_market
UNION ALL BY NAME
SELECT
    'listings_by_category' AS figure,
    edition,
    top_category_id AS cell,
    seller_id,
    live_listings AS amount
FROM staging.stg_live_listing
WHERE is_market
UNION ALL BY NAME
SELECT 'listings_ever' AS figure, edition.edition, '' AS cell, new.seller_id
FROM staging.stg_edition AS edition
JOIN lake.listing_new AS new
    ON edition.dataset = 'listings' AND new.changed_on <= edition.as_of
JOIN staging.stg_seller_as_of AS seller USING (edition, seller_id)
WHERE seller.is_market
UNION ALL BY NAME
SELECT
    'listing_stock_by_month' AS figure, edition, month::VARCHAR AS cell, unnest(sellers) AS seller_id
FROM staging.stg_listing_stock
UNION ALL BY NAME
SELECT
    'listing_flow' AS figure,
    edition,
    month::VARCHAR AS cell,
    flow AS class,
    unnest(sellers) AS seller_id
FROM staging.stg_listing_flow
UNION ALL BY NAME
SELECT 'listing_share' AS figure, edition, part AS cell, 'with' AS class, seller_id
FROM staging.stg_listing_term
WHERE is_market AND numerator > 0
UNION ALL BY NAME
SELECT 'listing_share' AS figure, edition, part AS cell, 'without' AS class, seller_id
FROM staging.stg_listing_term
WHERE is_market AND numerator < denominator
UNION ALL BY NAME
SELECT 'listing_share_total' AS figure, edition, part AS cell, seller_id
FROM staging.stg_listing_term
WHERE is_market AND denominator > 0
UNION ALL BY NAME
SELECT
    figure,
    edition,
    top_category_id AS within,
    concat_ws(' ', top_category_id, unit) AS cell,
    unnest(map_keys(sellers)) AS seller_id,
    unnest(map_values(sellers)) AS amount
FROM staging.stg_listing_level
UNION ALL BY NAME
SELECT 'inquiries' AS figure, edition, '' AS cell, seller_id
FROM staging.stg_inquiry
WHERE is_counted
UNION ALL BY NAME
SELECT
    'inquiry_flow' AS figure,
    edition,
    'month ' || date_trunc('month', counted_on)::DATE AS cell,
    shared_by AS part,
    seller_id
FROM staging.stg_inquiry
WHERE is_counted
UNION ALL BY NAME
SELECT
    'response_time' AS figure,
    edition,
    'month ' || date_trunc('month', counted_on)::DATE AS cell,
    is_replied::VARCHAR AS class,
    shared_by AS part,
    seller_id
FROM staging.stg_inquiry
WHERE is_counted AND is_replied IS NOT NULL
UNION ALL BY NAME
SELECT
    'inquiries_by_country' AS figure,
    edition,
    buyer_country_iso2 AS cell,
    shared_by AS part,
    seller_id
FROM staging.stg_inquiry
WHERE is_counted
UNION ALL BY NAME
SELECT
    'inquiries_by_city' AS figure,
    inquiry.edition,
    seller.city_key AS cell,
    inquiry.shared_by AS part,
    inquiry.seller_id
FROM staging.stg_inquiry AS inquiry
LEFT JOIN staging.stg_seller_as_of AS seller USING (edition, seller_id)
WHERE inquiry.is_counted
UNION ALL BY NAME
SELECT 'destination_reach' AS figure, edition, '' AS cell, is_reached::VARCHAR AS class, seller_id
FROM staging.stg_reach
UNION ALL BY NAME
SELECT 'ten_countries_share' AS figure, edition, '' AS cell, (countries >= 10)::VARCHAR AS class, seller_id
FROM staging.stg_reach
WHERE is_reached
UNION ALL BY NAME
SELECT
    'four_continents_share' AS figure,
    edition,
    '' AS cell,
    (continents >= 4)::VARCHAR AS class,
    seller_id
FROM staging.stg_reach
WHERE is_reached
UNION ALL BY NAME
SELECT
    'inquiries_per_seller' AS figure,
    edition,
    span || ' ' || span_from AS cell,
    unnest(['paid', CASE WHEN inquiries > 0 THEN 'asked' ELSE 'paid' END]) AS class,
    seller_id
FROM staging.stg_seller_span
UNION ALL BY NAME
SELECT
    'zero_share' AS figure,
    edition,
    span || ' ' || span_from AS cell,
    CASE WHEN inquiries > 0 THEN 'asked' ELSE 'silent' END AS class,
    seller_id
FROM staging.stg_seller_span
UNION ALL BY NAME
SELECT 'pooled' AS figure, edition, '' AS cell, 'valid' AS class, seller_id
FROM staging.stg_response
WHERE valid > 0
UNION ALL BY NAME
SELECT 'pooled' AS figure, edition, '' AS cell, 'in time' AS class, seller_id
FROM staging.stg_response
WHERE replied > 0
UNION ALL BY NAME
SELECT 'pooled' AS figure, edition, '' AS cell, 'late or never' AS class, seller_id
FROM staging.stg_response
WHERE replied < valid
UNION ALL BY NAME
SELECT 'seller_median' AS figure, edition, '' AS cell, (valid >= 10)::VARCHAR AS class, seller_id
FROM staging.stg_response
WHERE valid > 0
UNION ALL BY NAME
SELECT 'online_order_coverage' AS figure, edition, '' AS cell, class, seller_id
FROM staging.stg_online_order
