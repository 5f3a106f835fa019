-- Withheld months and years of inquiries and of their replies. Grain: figure, edition, cell.
-- Months are split where other editions begin or end. A part with too few contributors is withheld
-- (primary), and so is the smallest other month that the same editions share (secondary), because the
-- difference of two editions is the sum of those months. If no other month is left, or all shared
-- months rest on too few contributors, the years are withheld. Replies follow the same rule: neither
-- sellers that replied nor sellers that did not may be too few. What an edition withholds, editions
-- that end later withhold too, whatever they know by then, but never the other way round.
WITH counted AS (
    SELECT
        edition,
        part,
        cell,
        cell IS NULL AS is_year,
        sum(amount) FILTER (WHERE figure = 'inquiry_flow') AS size,
        too_few(count(DISTINCT seller_id) FILTER (WHERE figure = 'inquiry_flow')) AS is_small,
        too_few(count(DISTINCT seller_id) FILTER (WHERE class = 'true'))
        OR too_few(count(DISTINCT seller_id) FILTER (WHERE class = 'false')) AS is_reply_small
    FROM disclosure.contributor
    WHERE figure IN ('inquiry_flow', 'response_time')
    GROUP BY GROUPING SETS ((edition, part, cell), (edition, part))
),

judged AS (
    SELECT
        figure.figure,
        counted.* EXCLUDE (is_small, is_reply_small),
        bool_or(is_small OR (figure.figure = 'response_time' AND is_reply_small)) OVER (
            PARTITION BY figure.figure, part, cell ORDER BY period_to RANGE UNBOUNDED PRECEDING
        ) AS is_small
    FROM counted
    JOIN marts.dim_edition USING (edition)
    CROSS JOIN (VALUES ('inquiry_flow'), ('response_time')) AS figure (figure)
),

ranked AS (
    SELECT
        *,
        bool_or(is_small) OVER months AS has_small,
        bool_and(is_small) OVER months AS are_all_small,
        row_number() OVER (
            PARTITION BY figure, edition, part, is_year, is_small ORDER BY size, cell
        ) AS place
    FROM judged
    WINDOW months AS (PARTITION BY figure, edition, part, is_year)
)

SELECT DISTINCT
    figure,
    edition,
    coalesce(cell, 'year ' || period_from) AS cell
FROM ranked
JOIN marts.dim_edition USING (edition)
WHERE (NOT is_year AND (is_small OR (has_small AND place = 1))) OR (is_year AND is_small)
UNION
SELECT figure, edition, 'year ' || period_from
FROM ranked
JOIN marts.dim_edition USING (edition)
WHERE NOT is_year AND are_all_small
ORDER BY figure, edition, cell
