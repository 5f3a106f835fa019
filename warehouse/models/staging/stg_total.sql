-- Totals of an edition that are withheld, and with them all that is divided or told of them.
-- Grain: edition, figure. A total of fewer sellers than the limit is; and, as editions overlap:
-- inquiries, where the part that some editions have and no other rests on too few sellers;
-- listings ever seen, from the first month on whose new listings are withheld, for what is added
-- from one date to the next is what was new; the flow of sellers, where those who came, stayed or
-- left in this edition or one that it overlaps with and that ended before are too few.
WITH member AS (
    SELECT edition.edition, 'paid_sellers' AS figure, seller.seller_id
    FROM marts.dim_edition AS edition
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = edition.sellers_as_of AND seller.is_paid
    UNION ALL
    SELECT edition, 'live_listings', seller_id
    FROM staging.stg_live_listing
    WHERE is_market
    UNION ALL
    SELECT edition.edition, 'listings_ever', new.seller_id
    FROM marts.dim_edition AS edition
    JOIN lake.listing_new AS new ON new.changed_on <= edition.listings_as_of
    JOIN staging.stg_seller_as_of AS seller
        ON seller.edition = edition.edition
        AND seller.seller_id = new.seller_id
        AND seller.is_market
    UNION ALL
    SELECT edition, 'inquiries', seller_id
    FROM staging.stg_inquiry
    WHERE is_counted
),

few AS (
    SELECT edition, figure
    FROM member
    GROUP BY edition, figure
    HAVING count(DISTINCT seller_id) < (SELECT smallest_cell FROM lake.market)
),

parted AS (
    SELECT edition
    FROM staging.stg_inquiry_part
    WHERE is_year_withheld
),

added AS (
    SELECT edition.edition
    FROM marts.dim_edition AS edition
    JOIN staging.stg_listing_flow AS flow
        ON flow.flow = 'new' AND flow.is_small AND flow.month <= edition.listings_as_of
    JOIN marts.dim_edition AS told
        ON told.edition = flow.edition AND told.period_to <= edition.period_to
),

joined AS (
    SELECT DISTINCT edition
    FROM staging.stg_seller_flow
    WHERE is_new
    GROUP BY edition, shared_by
    HAVING count(*) < (SELECT smallest_cell FROM lake.market)
),

moved AS (
    SELECT
        edition,
        count(*) FILTER (WHERE NOT is_new AND NOT is_churned) AS stayed,
        count(*) FILTER (WHERE is_churned) AS gone,
        count(*) FILTER (WHERE NOT is_new) AS were
    FROM staging.stg_seller_flow
    GROUP BY edition
),

flowed AS (
    SELECT other.edition
    FROM moved
    CROSS JOIN lake.market AS limits
    JOIN marts.dim_edition AS here ON here.edition = moved.edition
    JOIN marts.dim_edition AS other
        ON here.period_to BETWEEN other.period_from AND other.period_to
    LEFT JOIN joined ON joined.edition = moved.edition
    WHERE joined.edition IS NOT NULL
        OR moved.stayed BETWEEN 1 AND limits.smallest_cell - 1
        OR moved.gone BETWEEN 1 AND limits.smallest_cell - 1
        OR moved.were BETWEEN 1 AND limits.smallest_cell - 1
)

SELECT DISTINCT edition, figure, true AS is_withheld
FROM (
    FROM few
    UNION ALL
    SELECT edition, 'inquiries' FROM parted
    UNION ALL
    SELECT edition, 'listings_ever' FROM added
    UNION ALL
    SELECT edition, 'seller_flow' FROM flowed
)
ORDER BY edition, figure
