-- Every cell of the tables that divide a figure, with the sellers behind it, and whether it is
-- withheld. Grain: report_table, edition, cell (null is the unknown class, which names nobody).
-- A cell of fewer sellers than the limit is withheld; where the rest would give it away (it stands
-- alone, or all withheld cells together stay under the limit, or can only be all of one size), so is
-- the smallest shown cell. Where editions overlap, one less the other leaves a part of a cell: it
-- must not be small either, and what one edition withholds, those that end later withhold too,
-- never the other way round: later years do not change a finished one. Where no named cell is left
-- to show, or all of them together are too few, the whole table is withheld; that of partners is for
-- calendar years, which would leave half-years of the market's own.
WITH member AS (
    SELECT
        'sellers_by_city' AS report_table,
        edition.edition,
        seller.city_key AS cell,
        seller.seller_id,
        1 AS amount,
        NULL AS part
    FROM marts.dim_edition AS edition
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = edition.sellers_as_of AND seller.is_paid
    UNION ALL
    -- No table of its own: what sellers_by_city showed a year before must not be given away later.
    SELECT 'sellers_by_city_at_start', night.edition, seller.city_key, seller.seller_id, 1, NULL
    FROM staging.stg_opening_night AS night
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = night.opened_on AND seller.is_paid
    UNION ALL
    SELECT 'sellers_by_category', edition.edition, main.main_category_id, seller.seller_id, 1, NULL
    FROM marts.dim_edition AS edition
    JOIN staging.stg_census_seller AS seller
        ON seller.snapshot_date = edition.sellers_as_of AND seller.is_paid
    LEFT JOIN marts.dim_main_category AS main
        ON main.edition = edition.edition AND main.seller_id = seller.seller_id
    WHERE edition.listings_as_of IS NOT NULL
    UNION ALL
    SELECT 'listings_by_category', edition, top_category_id, seller_id, live_listings, NULL
    FROM staging.stg_live_listing
    WHERE is_market
    UNION ALL
    SELECT 'partner_cohorts', edition, channel_partner, seller_id, 1, NULL
    FROM staging.stg_cohort_seller
    UNION ALL
    SELECT 'inquiries_by_country', edition, buyer_country_iso2, seller_id, 1, shared_by
    FROM staging.stg_inquiry
    WHERE is_counted
    UNION ALL
    SELECT
        'inquiries_by_city',
        inquiry.edition,
        city.city_key,
        inquiry.seller_id,
        1,
        inquiry.shared_by
    FROM staging.stg_inquiry AS inquiry
    LEFT JOIN staging.stg_seller_as_of AS city
        ON city.edition = inquiry.edition AND city.seller_id = inquiry.seller_id
    WHERE inquiry.is_counted
),

few AS (
    SELECT DISTINCT report_table, edition, cell
    FROM member
    WHERE cell IS NOT NULL
    GROUP BY report_table, edition, cell, part
    HAVING count(DISTINCT seller_id) < (SELECT smallest_cell FROM lake.market)
),

cell AS (
    SELECT
        member.report_table,
        member.edition,
        member.cell,
        sum(member.amount)::BIGINT AS numerator,
        count(DISTINCT member.seller_id) AS sellers,
        any_value(few.cell) IS NOT NULL AS is_small
    FROM member
    LEFT JOIN few
        ON few.report_table = member.report_table
        AND few.edition = member.edition
        AND few.cell = member.cell
    GROUP BY member.report_table, member.edition, member.cell
),

near AS (
    SELECT named.report_table, edition.edition, other.edition AS other
    FROM marts.dim_edition AS edition
    CROSS JOIN (SELECT DISTINCT report_table FROM member) AS named
    JOIN marts.dim_edition AS other
        ON other.edition = edition.edition
        -- A stock is of one night: no two editions add up to a third.
        OR (
            named.report_table IN ('inquiries_by_country', 'inquiries_by_city')
            AND other.period_to BETWEEN edition.period_from AND edition.period_to
        )
),

small AS (
    SELECT
        cell.report_table,
        cell.edition,
        count(DISTINCT cell.cell) AS cells,
        sum(member.amount) AS numerator,
        count(DISTINCT member.seller_id) AS sellers
    FROM cell
    JOIN member
        ON member.report_table = cell.report_table
        AND member.edition = cell.edition
        AND member.cell = cell.cell
    WHERE cell.is_small
    GROUP BY cell.report_table, cell.edition
),

-- Each has one at least, and one seller less than the limit at most.
alone AS (
    SELECT report_table, edition
    FROM small
    CROSS JOIN lake.market AS limits
    WHERE small.cells = 1
        OR small.sellers < limits.smallest_cell
        OR small.numerator IN (small.cells, small.cells * (limits.smallest_cell - 1))
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY report_table, edition, cell IS NOT NULL AND NOT is_small
            ORDER BY numerator, cell
        ) AS place
    FROM cell
),

withheld AS (
    SELECT DISTINCT near.report_table, near.edition, ranked.cell
    FROM ranked
    JOIN near ON near.report_table = ranked.report_table AND near.other = ranked.edition
    LEFT JOIN alone
        ON alone.report_table = ranked.report_table AND alone.edition = ranked.edition
    WHERE ranked.is_small
        OR (alone.edition IS NOT NULL AND ranked.cell IS NOT NULL AND ranked.place = 1)
),

everybody AS (
    SELECT report_table, edition, count(DISTINCT seller_id) AS sellers
    FROM member
    GROUP BY report_table, edition
)

SELECT
    cell.report_table,
    cell.edition,
    cell.cell,
    cell.numerator,
    cell.sellers,
    withheld.cell IS NOT NULL AS is_withheld,
    coalesce(total.is_withheld, false)
    OR (cell.report_table = 'partner_cohorts' AND of_year.year_basis = 'calendar')
    OR everybody.sellers < (SELECT smallest_cell FROM lake.market)
    OR (
        count(withheld.cell) OVER of_table > 0
        AND count(withheld.cell) OVER of_table = count(cell.cell) OVER of_table
    ) AS is_table_withheld
FROM cell
JOIN marts.dim_edition AS of_year ON of_year.edition = cell.edition
JOIN everybody
    ON everybody.report_table = cell.report_table AND everybody.edition = cell.edition
LEFT JOIN withheld
    ON withheld.report_table = cell.report_table
    AND withheld.edition = cell.edition
    AND withheld.cell = cell.cell
LEFT JOIN staging.stg_total AS total
    ON total.edition = cell.edition
    AND total.figure = CASE
        WHEN cell.report_table IN ('inquiries_by_country', 'inquiries_by_city') THEN 'inquiries'
    END
WINDOW of_table AS (PARTITION BY cell.report_table, cell.edition)
ORDER BY cell.report_table, cell.edition, cell.cell
