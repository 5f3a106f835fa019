-- Withheld cells of tables that divide a figure, primary and secondary. Grain: figure, edition, cell
-- ('' is the whole table). The smallest shown cell is withheld too if the shown cells would disclose
-- the withheld ones: there is only one, or together they stay below the threshold, or they can only be
-- of equal size. If editions overlap, a cell that one withholds is withheld in those that end later,
-- never the other way round, because later years must not change a finished one. The whole table is
-- withheld if no named cell is left to show or if all its sellers are too few; some tables also for
-- calendar years, which would disclose half-years of the market.
WITH member AS (
    SELECT
        contributor.*,
        coalesce(named.dataset = 'inquiries', false) AS is_flow,
        named.is_fiscal_only
    FROM disclosure.contributor
    JOIN lake.figures AS named USING (figure)
    WHERE named.adds_up
),

sized AS (
    SELECT
        figure,
        edition,
        within,
        cell,
        is_flow,
        sum(amount) AS size,
        any_value(small.edition) IS NOT NULL AS is_small
    FROM member
    LEFT JOIN disclosure.primary_suppression AS small USING (figure, edition, cell)
    GROUP BY figure, edition, within, cell, is_flow
),

-- Each has at least one seller, and at most one fewer than the threshold. Each class is judged by
-- itself, because the shown cells give it away by itself.
alone AS (
    SELECT DISTINCT figure, edition, within
    FROM member
    JOIN disclosure.primary_suppression USING (figure, edition, cell)
    GROUP BY figure, edition, within, class
    HAVING count(DISTINCT cell) = 1
        OR too_few(count(DISTINCT seller_id))
        OR sum(amount) = count(DISTINCT cell)
        OR sum(amount) = count(DISTINCT cell) * (SELECT smallest_cell - 1 FROM lake.market)
),

ranked AS (
    SELECT
        sized.*,
        alone.edition IS NOT NULL AS is_alone,
        row_number() OVER (
            PARTITION BY sized.figure, sized.edition, sized.within, is_small ORDER BY size, cell
        ) AS place
    FROM sized
    LEFT JOIN alone
        ON alone.figure = sized.figure
        AND alone.edition = sized.edition
        AND alone.within IS NOT DISTINCT FROM sized.within
    WHERE cell IS NOT NULL
),

-- A stock is counted on one night, so no two editions add up to a third.
near AS (
    SELECT edition.edition, other.edition AS other
    FROM marts.dim_edition AS edition
    JOIN marts.dim_edition AS other
        ON other.period_to BETWEEN edition.period_from AND edition.period_to
),

withheld AS (
    SELECT DISTINCT figure, coalesce(near.edition, ranked.edition) AS edition, cell
    FROM ranked
    LEFT JOIN near ON near.other = ranked.edition AND is_flow
    WHERE is_small OR (is_alone AND place = 1)
),

-- A cell that an overlapping edition showed before hides nothing: the days that both share tell it. If
-- only a small cell is left beside such cells, it is worked out.
bare AS (
    SELECT DISTINCT withheld.figure, withheld.edition
    FROM withheld
    JOIN sized
        ON sized.figure = withheld.figure
        AND sized.edition = withheld.edition
        AND sized.cell = withheld.cell
        AND sized.is_flow
    JOIN near ON near.edition = withheld.edition AND near.other <> withheld.edition
    JOIN withheld AS before
        ON before.figure = withheld.figure
        AND before.edition = near.other
        AND before.cell = withheld.cell
    GROUP BY withheld.figure, withheld.edition, near.other
    HAVING count(*) = 1 AND bool_or(sized.is_small)
),

whole AS (
    FROM bare
    UNION
    SELECT figure, edition
    FROM member
    GROUP BY figure, edition
    HAVING too_few(count(DISTINCT seller_id))
    UNION
    SELECT figure, edition
    FROM sized
    LEFT JOIN withheld USING (figure, edition, cell)
    GROUP BY figure, edition
    HAVING count(withheld.cell) > 0 AND count(withheld.cell) = count(cell)
    UNION
    SELECT sized.figure, edition
    FROM sized
    JOIN disclosure.total_suppression AS total USING (edition)
    WHERE is_flow AND total.figure = 'inquiries'
    UNION
    SELECT figure, edition
    FROM member
    JOIN marts.dim_edition USING (edition)
    WHERE is_fiscal_only AND year_basis = 'calendar'
),

every AS (
    SELECT figure, edition, cell FROM withheld SEMI JOIN sized USING (figure, edition, cell)
    UNION
    SELECT *, '' FROM whole
    UNION
    SELECT figure, edition, cell FROM sized JOIN whole USING (figure, edition) WHERE cell IS NOT NULL
)

FROM every
UNION
-- The units of a category add up to less than its shown total: some listings have no unit.
SELECT unit.figure, unit.edition, unit.cell
FROM sized AS unit
JOIN every AS category ON category.edition = unit.edition AND category.cell = unit.within
WHERE category.figure = 'listings_by_category'
ORDER BY figure, edition, cell
