-- Totals of an edition that are withheld, and with them all that is divided or told of them.
-- Grain: figure, edition. A total of fewer sellers than the limit is; and, as editions overlap:
-- inquiries, where the part that some editions have and no other rests on too few sellers;
-- listings ever seen, from the first month on whose new listings are withheld, for what is added
-- from one date to the next is what was new; the flow of sellers, where those who came, stayed or
-- left in this edition or one that it overlaps with and that ended before are too few.
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
