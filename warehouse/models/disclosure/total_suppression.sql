-- Withheld totals of an edition; everything derived from them is withheld too. Grain: figure, edition.
-- A total is withheld if it has fewer contributors than the threshold. Because editions overlap, so
-- are: inquiries, if the part that only some editions share rests on too few contributors; listings
-- ever seen, from the first month whose new listings are withheld, because the increase between two
-- dates is the new listings; the flow of sellers, if too few joined, stayed or left in this edition or
-- in an overlapping one that ended before.
SELECT figure, edition
FROM disclosure.primary_suppression
WHERE figure IN ('paid_sellers', 'live_listings', 'listings_ever', 'inquiries')
UNION
SELECT 'inquiries', edition
FROM disclosure.inquiry_suppression
WHERE figure = 'inquiry_flow' AND cell LIKE 'year %'
UNION
SELECT 'listings_ever', edition.edition
FROM disclosure.contributor AS new
JOIN marts.dim_edition AS told USING (edition)
JOIN marts.dim_edition AS edition
    ON told.period_to <= edition.period_to AND new.cell <= edition.listings_as_of::VARCHAR
WHERE new.figure = 'listing_flow' AND new.class = 'new'
GROUP BY edition.edition, new.edition, new.cell
HAVING too_few(count(DISTINCT new.seller_id))
UNION
SELECT 'seller_flow', other.edition
FROM disclosure.primary_suppression AS small
JOIN marts.dim_edition AS here USING (edition)
JOIN marts.dim_edition AS other ON here.period_to BETWEEN other.period_from AND other.period_to
WHERE small.figure = 'seller_flow'
ORDER BY figure, edition
