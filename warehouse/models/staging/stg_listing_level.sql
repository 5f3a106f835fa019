-- Lowest prices and minimum orders of the market's live listings by top category and unit, never
-- pooled over units. Grain: figure, edition, top_category_id, unit.
-- A price without a unit, or in another currency, and a quantity that no base unit fits (a set) are
-- in no cell: coverage names the share of the category's live listings that are in one.
-- Read twice, but never kept: a night can have millions of listings. Editions of the same two nights
-- (this year's, fiscal and calendar) are made of one reading, named by one of them (told_by).
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
    SELECT edition.told_by, listing.*
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
        price_unit AS unit,
        seller_id,
        price_min_usd::DOUBLE AS level
    FROM listing
    WHERE price_unit IS NOT NULL AND price_min_usd IS NOT NULL
    UNION ALL
    SELECT
        'moq_level',
        told_by,
        top_category_id,
        moq_unit_dimension,
        seller_id,
        moq_base_qty::DOUBLE
    FROM listing
    WHERE moq_unit_dimension IS NOT NULL AND moq_base_qty IS NOT NULL
),

quartile AS (
    SELECT
        figure,
        told_by,
        top_category_id,
        unit,
        quantile_cont(level, '[0.25, 0.5, 0.75]'::DOUBLE[]) AS quartiles
    FROM stated
    GROUP BY figure, told_by, top_category_id, unit
),

member AS (
    SELECT figure, told_by, top_category_id, unit, seller_id, count(*) AS listings
    FROM stated
    GROUP BY figure, told_by, top_category_id, unit, seller_id
),

cell AS (
    SELECT
        figure,
        told_by,
        top_category_id,
        unit,
        sum(listings)::BIGINT AS listings,
        count(*) < (SELECT smallest_cell FROM lake.market) AS is_small
    FROM member
    GROUP BY figure, told_by, top_category_id, unit
),

small AS (
    SELECT
        cell.figure,
        cell.told_by,
        cell.top_category_id,
        count(DISTINCT cell.unit) AS cells,
        sum(member.listings) AS listings,
        count(DISTINCT member.seller_id) AS sellers
    FROM cell
    JOIN member
        ON member.figure = cell.figure
        AND member.told_by = cell.told_by
        AND member.top_category_id = cell.top_category_id
        AND member.unit = cell.unit
    WHERE cell.is_small
    GROUP BY cell.figure, cell.told_by, cell.top_category_id
),

ranked AS (
    SELECT
        *,
        sum(listings) OVER (PARTITION BY figure, told_by, top_category_id) AS in_category,
        row_number() OVER (
            PARTITION BY figure, told_by, top_category_id, is_small ORDER BY listings, unit
        ) AS place
    FROM cell
)

SELECT
    ranked.figure,
    edition.edition,
    ranked.top_category_id,
    ranked.unit,
    quartile.quartiles[1] AS lower_quartile,
    quartile.quartiles[2] AS median,
    quartile.quartiles[3] AS upper_quartile,
    ranked.listings,
    category.numerator AS category_listings,
    ranked.in_category / category.numerator AS coverage,
    -- The units of a category add up to less than what report.listings_by_category shows of it, by
    -- as much as coverage says: a small one must not be what is left, nor several
    -- that can only be alike.
    category.is_withheld
    OR coalesce(category.is_table_withheld, false)
    OR ranked.is_small
    OR (
        ranked.place = 1
        AND coalesce(
            small.sellers < limits.smallest_cell
            OR small.listings IN (small.cells, small.cells * (limits.smallest_cell - 1)),
            false
        )
    ) AS is_withheld
FROM ranked
CROSS JOIN lake.market AS limits
JOIN quartile
    ON quartile.figure = ranked.figure
    AND quartile.told_by = ranked.told_by
    AND quartile.top_category_id = ranked.top_category_id
    AND quartile.unit = ranked.unit
JOIN edition ON edition.told_by = ranked.told_by
JOIN staging.stg_cell AS category
    ON category.report_table = 'listings_by_category'
    AND category.edition = edition.edition
    AND category.cell = ranked.top_category_id
LEFT JOIN small
    ON small.figure = ranked.figure
    AND small.told_by = ranked.told_by
    AND small.top_category_id = ranked.top_category_id
ORDER BY ranked.figure, edition.edition, ranked.top_category_id, ranked.unit
