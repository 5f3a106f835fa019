-- Withheld classes of sellers that joined, stayed and left. Grain: figure, edition, cell ('' is the
-- whole table). A class is withheld as a whole, because the three add up with the sellers before and
-- after, which other tables show. Primary suppression: one of the three is below the threshold; or all
-- of its sellers before stayed, or all left, though not so in the whole market, which tells what each
-- did; or the class is withheld among the sellers before or after. Secondary suppression: if the other
-- classes would disclose the withheld ones (a single class, or withheld classes that together are as
-- small or as alike), the smallest shown classes are withheld too, as many as needed; if that cannot
-- be enough, all are. The whole table is withheld if no named class is left to show, if its sum is
-- withheld, and for calendar years, which would disclose half-years of the market.
WITH sized AS (
    SELECT
        figure,
        edition,
        cell,
        count(*) AS size,
        count(*) FILTER (WHERE class = 'new') AS joined,
        count(*) FILTER (WHERE class = 'stayed') AS stayed,
        count(*) FILTER (WHERE class = 'gone') AS gone,
        bool_or(small.edition IS NOT NULL) AS is_small
    FROM disclosure.contributor
    LEFT JOIN (
        FROM disclosure.primary_suppression
        UNION
        SELECT 'seller_flow_by_city', edition, cell
        FROM disclosure.secondary_suppression
        WHERE figure IN ('sellers_by_city', 'sellers_by_city_at_start')
    ) AS small USING (figure, edition, cell)
    WHERE figure = 'seller_flow_by_city'
    GROUP BY figure, edition, cell
),

judged AS (
    SELECT * REPLACE (is_small OR (is_mixed AND (stayed = 0) <> (gone = 0)) AS is_small)
    FROM (
        SELECT *, sum(stayed) OVER market > 0 AND sum(gone) OVER market > 0 AS is_mixed
        FROM sized
        WINDOW market AS (PARTITION BY figure, edition)
    )
),

-- Small classes first, then the others by size: the withheld classes are the first of this list.
listed AS (
    SELECT
        *,
        row_number() OVER list AS place,
        count(*) FILTER (WHERE is_small) OVER (PARTITION BY figure, edition) AS small_cells,
        sum(joined) OVER list AS joined_so_far,
        sum(stayed) OVER list AS stayed_so_far,
        sum(gone) OVER list AS gone_so_far
    FROM judged
    WHERE cell IS NOT NULL
    WINDOW
        list AS (
            PARTITION BY figure, edition ORDER BY NOT is_small, size, cell ROWS UNBOUNDED PRECEDING
        )
),

enough AS (
    SELECT figure, edition, min(place) AS places
    FROM listed
    WHERE place >= greatest(small_cells, 2)
        AND NOT (too_few(joined_so_far) OR too_few(stayed_so_far) OR too_few(gone_so_far))
        AND (NOT is_mixed OR (stayed_so_far = 0) = (gone_so_far = 0))
    GROUP BY figure, edition
),

withheld AS (
    SELECT figure, edition, cell
    FROM listed
    LEFT JOIN enough USING (figure, edition)
    WHERE small_cells > 0 AND place <= coalesce(places, place)
),

whole AS (
    SELECT sized.figure, sized.edition
    FROM sized
    LEFT JOIN withheld USING (figure, edition, cell)
    JOIN marts.dim_edition USING (edition)
    LEFT JOIN disclosure.total_suppression AS total
        ON total.edition = sized.edition AND total.figure = 'seller_flow'
    GROUP BY sized.figure, sized.edition
    HAVING (count(withheld.cell) > 0 AND count(withheld.cell) = count(sized.cell))
        OR bool_or(year_basis = 'calendar')
        OR count(total.figure) > 0
)

FROM withheld
UNION
SELECT *, '' FROM whole
ORDER BY figure, edition, cell
