-- Sellers that came, stayed and left by class, and whether the class is withheld.
-- Grain: report_table, edition, cell (null is the unknown class, which names nobody).
-- A class is withheld as a whole: who came, stayed and left adds up with the sellers before and
-- after, which stand in other tables. It is if one of the three is of fewer sellers than the limit
-- but not of none, or if the class is withheld among the sellers before or after. Where the rest
-- would give them away (one class alone, or those that came, stayed or left together under the
-- limit), the smallest shown ones go too, as many as it takes. Where no named class is left to
-- show, or the sum of all is withheld, the whole table is; so it is for calendar years, which would
-- leave half-years of the market's own.
WITH member AS (
    SELECT
        'seller_flow_by_city' AS report_table,
        edition,
        city_key AS cell,
        count(*) FILTER (WHERE is_new) AS joined,
        count(*) FILTER (WHERE NOT is_new AND NOT is_churned) AS stayed,
        count(*) FILTER (WHERE is_churned) AS gone
    FROM staging.stg_seller_flow
    GROUP BY edition, city_key
),

elsewhere AS (
    SELECT DISTINCT 'seller_flow_by_city' AS report_table, edition, cell
    FROM staging.stg_cell
    WHERE report_table IN ('sellers_by_city', 'sellers_by_city_at_start')
        AND (is_withheld OR is_table_withheld)
),

cell AS (
    SELECT
        member.*,
        member.cell IS NOT NULL
        AND (
            elsewhere.cell IS NOT NULL
            OR joined BETWEEN 1 AND limits.smallest_cell - 1
            OR stayed BETWEEN 1 AND limits.smallest_cell - 1
            OR gone BETWEEN 1 AND limits.smallest_cell - 1
        ) AS is_small,
        limits.smallest_cell
    FROM member
    CROSS JOIN lake.market AS limits
    LEFT JOIN elsewhere
        ON elsewhere.report_table = member.report_table
        AND elsewhere.edition = member.edition
        AND elsewhere.cell = member.cell
),

-- The small ones first, then the others by size: what is withheld is a beginning of this list.
listed AS (
    SELECT
        *,
        row_number() OVER list AS place,
        count(*) FILTER (WHERE is_small) OVER (PARTITION BY report_table, edition) AS small_cells,
        sum(joined) OVER list AS joined_so_far,
        sum(stayed) OVER list AS stayed_so_far,
        sum(gone) OVER list AS gone_so_far
    FROM cell
    WHERE cell IS NOT NULL
    WINDOW
        list AS (
            PARTITION BY report_table, edition
            ORDER BY NOT is_small, joined + stayed + gone, cell
            ROWS UNBOUNDED PRECEDING
        )
),

enough AS (
    SELECT report_table, edition, min(place) AS places
    FROM listed
    WHERE
        place >= greatest(small_cells, 2)
        AND joined_so_far NOT BETWEEN 1 AND smallest_cell - 1
        AND stayed_so_far NOT BETWEEN 1 AND smallest_cell - 1
        AND gone_so_far NOT BETWEEN 1 AND smallest_cell - 1
    GROUP BY report_table, edition
),

-- Where no list is long enough, everything is withheld.
withheld AS (
    SELECT listed.report_table, listed.edition, listed.cell
    FROM listed
    LEFT JOIN enough
        ON enough.report_table = listed.report_table AND enough.edition = listed.edition
    WHERE listed.small_cells > 0
        AND (enough.places IS NULL OR listed.place <= enough.places)
)

SELECT
    cell.report_table,
    cell.edition,
    cell.cell,
    cell.joined,
    cell.stayed,
    cell.gone,
    withheld.cell IS NOT NULL AS is_withheld,
    coalesce(total.is_withheld, false)
    OR of_year.year_basis = 'calendar'
    OR (
        count(withheld.cell) OVER of_table > 0
        AND count(withheld.cell) OVER of_table = count(cell.cell) OVER of_table
    ) AS is_table_withheld
FROM cell
JOIN marts.dim_edition AS of_year ON of_year.edition = cell.edition
LEFT JOIN withheld
    ON withheld.report_table = cell.report_table
    AND withheld.edition = cell.edition
    AND withheld.cell = cell.cell
LEFT JOIN staging.stg_total AS total
    ON total.edition = cell.edition AND total.figure = 'seller_flow'
WINDOW of_table AS (PARTITION BY cell.report_table, cell.edition)
ORDER BY cell.report_table, cell.edition, cell.cell
