-- Listings as they stand now, each from the last night that showed it. Grain: product_id.
-- Earlier states and metrics of each listing stay in the lake.
SELECT
    listing.product_id,
    listing.id_is_surrogate AS is_surrogate_id,
    listing.seller_id,
    listing.title,
    listing.category_id,
    listing.top_category_id,
    listing.status,
    listing.is_listed,
    coalesce(listing.status = 'approved' AND listing.is_listed, false) AS is_live,
    listing.product_type,
    listing.price_raw,
    listing.price_min,
    listing.price_max,
    listing.price_currency,
    listing.price_min_usd,
    listing.price_max_usd,
    listing.price_unit,
    listing.price_basis,
    listing.moq,
    listing.moq_unit,
    listing.moq_unit_dimension,
    listing.moq_base_qty,
    listing.lead_time_days,
    listing.is_rts,
    listing.is_showcase,
    listing.is_p4p,
    listing.review_score,
    listing.review_count,
    in_utc(listing.gmt_create) AS created_at,
    in_utc(listing.gmt_modified) AS modified_at,
    ledger.first_seen_on,
    ledger.last_seen_on
FROM lake.listings_present AS listing
JOIN lake.listings_ledger AS ledger
    ON ledger.row_key = listing.product_id AND ledger.last_seen_on = listing.snapshot_date
WHERE ledger.is_present
