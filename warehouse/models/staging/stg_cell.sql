-- Every cell of the tables that divide a figure, with the sellers behind it, and whether it is
-- withheld. Grain: report_table, edition, cell (null is the unknown class, which names nobody).
-- A cell of fewer sellers than the limit is withheld; where the rest would give it away (it stands
-- alone, or all withheld cells together stay under the limit), so is the smallest shown cell.
WITH member AS (
    SELECT
        'sellers_by_city' AS report_table,
        edition.edition,
        seller.city_key AS cell,
        seller.seller_id,
        1 AS amount
    FROM marts.dim_edition AS edition
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = edition.sellers_as_of AND seller.is_paid
    UNION ALL
    -- No table of its own: what sellers_by_city showed a year before must not be given away later.
    SELECT 'sellers_by_city_at_start', night.edition, seller.city_key, seller.seller_id, 1
    FROM staging.stg_opening_night AS night
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = night.opened_on AND seller.is_paid
    UNION ALL
    SELECT 'sellers_by_category', edition.edition, main.top_category_id, seller.seller_id, 1
    FROM marts.dim_edition AS edition
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = edition.sellers_as_of AND seller.is_paid
    LEFT JOIN staging.stg_main_category AS main
        ON main.edition = edition.edition AND main.seller_id = seller.seller_id
    WHERE edition.listings_as_of IS NOT NULL
    UNION ALL
    SELECT 'listings_by_category', edition, top_category_id, seller_id, live_listings
    FROM staging.stg_live_listing
    WHERE is_market
    UNION ALL
    SELECT 'partner_cohorts', edition, channel_partner, seller_id, 1
    FROM staging.stg_cohort_seller
    UNION ALL
    SELECT 'inquiries_by_country', edition, buyer_country_iso2, seller_id, 1
    FROM staging.stg_inquiry
    WHERE is_counted
    UNION ALL
    SELECT 'inquiries_by_city', inquiry.edition, city.city_key, inquiry.seller_id, 1
    FROM staging.stg_inquiry AS inquiry
    LEFT JOIN staging.stg_seller_city AS city ON city.seller_id = inquiry.seller_id
    WHERE inquiry.is_counted
),

cell AS (
    SELECT
        report_table,
        edition,
        cell,
        sum(amount)::BIGINT AS numerator,
        count(DISTINCT seller_id) AS sellers,
        cell IS NOT NULL
        AND count(DISTINCT seller_id) < (SELECT smallest_cell FROM lake.market) AS is_small
    FROM member
    GROUP BY report_table, edition, cell
),

small AS (
    SELECT
        cell.report_table,
        cell.edition,
        count(DISTINCT cell.cell) AS cells,
        count(DISTINCT member.seller_id) AS sellers
    FROM cell
    JOIN member
        ON member.report_table = cell.report_table
        AND member.edition = cell.edition
        AND member.cell = cell.cell
    WHERE cell.is_small
    GROUP BY cell.report_table, cell.edition
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY report_table, edition, cell IS NOT NULL AND NOT is_small
            ORDER BY numerator, cell
        ) AS place
    FROM cell
)

SELECT
    ranked.report_table,
    ranked.edition,
    ranked.cell,
    ranked.numerator,
    ranked.sellers,
    ranked.is_small
    OR (
        ranked.cell IS NOT NULL
        AND ranked.place = 1
        AND coalesce(
            small.cells = 1 OR small.sellers < (SELECT smallest_cell FROM lake.market), false
        )
    ) AS is_withheld
FROM ranked
LEFT JOIN small ON small.report_table = ranked.report_table AND small.edition = ranked.edition
ORDER BY ranked.report_table, ranked.edition, ranked.cell
