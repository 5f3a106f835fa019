-- Every cell of the tables that divide a figure, with the sellers behind it, and whether it is
-- withheld. Grain: report_table, edition, cell (null is the unknown class, which names nobody).
-- A cell of fewer sellers than the limit is withheld; where the rest would give it away (it stands
-- alone, or all withheld cells together stay under the limit), so is the smallest shown cell.
WITH cell AS (
    SELECT
        'sellers_by_city' AS report_table,
        edition.edition,
        seller.city_key AS cell,
        count(*) AS numerator,
        count(*) AS sellers
    FROM marts.dim_edition AS edition
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = edition.sellers_as_of AND seller.is_paid
    GROUP BY edition.edition, seller.city_key
    UNION ALL
    SELECT
        'sellers_by_category',
        edition.edition,
        main.top_category_id,
        count(*),
        count(*)
    FROM marts.dim_edition AS edition
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = edition.sellers_as_of AND seller.is_paid
    LEFT JOIN staging.stg_main_category AS main
        ON main.edition = edition.edition AND main.seller_id = seller.seller_id
    WHERE edition.listings_as_of IS NOT NULL
    GROUP BY edition.edition, main.top_category_id
    UNION ALL
    SELECT
        'listings_by_category',
        edition,
        top_category_id,
        sum(live_listings),
        count(DISTINCT seller_id)
    FROM staging.stg_live_listing
    WHERE is_market
    GROUP BY edition, top_category_id
    UNION ALL
    SELECT
        'inquiries_by_country',
        edition,
        buyer_country_iso2,
        count(*),
        count(DISTINCT seller_id)
    FROM staging.stg_inquiry
    WHERE is_counted
    GROUP BY edition, buyer_country_iso2
),

small AS (
    SELECT *, cell IS NOT NULL AND sellers < (SELECT smallest_cell FROM lake.market) AS is_small
    FROM cell
),

ranked AS (
    SELECT
        *,
        count(*) FILTER (WHERE is_small) OVER edition_cells AS small_cells,
        sum(sellers) FILTER (WHERE is_small) OVER edition_cells AS small_sellers,
        row_number() OVER (
            PARTITION BY report_table, edition, cell IS NOT NULL AND NOT is_small
            ORDER BY numerator, cell
        ) AS place
    FROM small
    WINDOW edition_cells AS (PARTITION BY report_table, edition)
)

SELECT
    report_table,
    edition,
    cell,
    numerator::BIGINT AS numerator,
    sellers,
    is_small OR (
        cell IS NOT NULL
        AND place = 1
        AND small_cells > 0
        AND (small_cells = 1 OR small_sellers < (SELECT smallest_cell FROM lake.market))
    ) AS is_withheld
FROM ranked
ORDER BY report_table, edition, cell
