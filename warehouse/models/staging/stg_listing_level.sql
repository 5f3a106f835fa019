-- Lowest prices and minimum orders of the market's live listings by top category and unit, never
-- pooled over units, with the number of listings per seller. Grain: figure, edition, top_category_id,
-- unit. Prices without a unit or in another currency, and quantities without a base unit (sets), are
-- left out: coverage is the share of the category's live listings that are in a cell.
-- The listings are read once for each figure and not stored: a night can have millions. Editions of the
-- same two nights (this year's fiscal and calendar ones) share a reading, named after one (told_by).
WITH edition AS (
    SELECT
        edition,
        listings_as_of,
        min(edition) OVER (PARTITION BY listings_as_of, coalesce(sellers_as_of, period_to))
            AS told_by
    FROM marts.dim_edition
    WHERE listings_as_of IS NOT NULL
),

listing AS NOT MATERIALIZED (
    SELECT
        edition.told_by,
        listing.top_category_id,
        listing.seller_id,
        listing.price_unit,
        listing.price_min_usd,
        listing.moq_unit_dimension,
        listing.moq_base_qty
    FROM lake.listing_as_of AS listing
    JOIN edition
        ON edition.edition = edition.told_by AND edition.listings_as_of = listing.snapshot_date
    JOIN staging.stg_seller_as_of AS seller
        ON seller.edition = edition.told_by
        AND seller.seller_id = listing.seller_id
        AND seller.is_market
    WHERE listing.status = 'approved' AND listing.is_listed AND listing.top_category_id IS NOT NULL
),

stated AS NOT MATERIALIZED (
    SELECT
        'price_level' AS figure,
        told_by,
        top_category_id,
        seller_id,
        price_unit AS unit,
        price_min_usd::DOUBLE AS level
    FROM listing
    UNION ALL
    SELECT
        'moq_level',
        told_by,
        top_category_id,
        seller_id,
        moq_unit_dimension,
        moq_base_qty::DOUBLE
    FROM listing
),

cell AS (
    SELECT
        figure,
        told_by,
        top_category_id,
        unit,
        quantile_cont(level, '[0.25, 0.5, 0.75]'::DOUBLE[]) AS quartiles,
        count(*) AS listings,
        histogram(seller_id) AS sellers
    FROM stated
    WHERE unit IS NOT NULL AND level IS NOT NULL
    GROUP BY figure, told_by, top_category_id, unit
)

SELECT
    cell.* EXCLUDE (told_by),
    edition.edition,
    sum(cell.listings) OVER (PARTITION BY figure, edition.edition, top_category_id) AS in_category
FROM cell
JOIN edition USING (told_by)
ORDER BY figure, edition.edition, top_category_id, unit
