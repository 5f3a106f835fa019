-- The same category as a share of sellers and as a share of listings: two figures, never one.
SELECT
    sellers.edition,
    sellers.category,
    sellers.share AS share_of_sellers,
    sellers.as_of AS sellers_as_of,
    listings.share AS share_of_listings,
    listings.as_of AS listings_as_of
FROM outlook.report.sellers_by_category AS sellers
JOIN outlook.report.listings_by_category AS listings
    ON listings.edition = sellers.edition AND listings.top_category_id = sellers.top_category_id
WHERE sellers.year_basis = 'fiscal' AND sellers.share IS NOT NULL
ORDER BY sellers.edition, share_of_sellers DESC
