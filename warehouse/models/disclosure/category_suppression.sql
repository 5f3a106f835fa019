-- Withheld numbers of sellers that list in a category, by city and in all. Grain: figure, edition, cell.
-- Primary: few list in the category, or few do not, or the city's sellers are withheld elsewhere.
-- Secondary: if the withheld cities of a category could be worked out from those shown, the smallest
-- shown one is withheld too; without one, the total. The unknown city identifies nobody, and is withheld
-- only with the total, or where no city of the edition is shown. A seller is in one city, so cities add
-- up and sellers need not be listed.
WITH closed AS (
    SELECT edition, cell FROM disclosure.primary_suppression WHERE figure = 'sellers_by_city'
    UNION
    SELECT edition, cell FROM disclosure.secondary_suppression WHERE figure = 'sellers_by_city'
),

listed AS (
    SELECT
        *,
        paid_sellers - sellers AS others,
        EXISTS (
            FROM closed
            WHERE closed.edition = counted.edition
                AND counted.city_key IS NOT NULL  -- the total hides nothing of a city
                AND closed.cell IN ('', counted.city_key)
        ) AS is_closed
    FROM staging.stg_category_sellers AS counted
),

judged AS (
    SELECT *, is_closed OR too_few(sellers) OR too_few(others) AS is_small FROM listed
),

alone AS (
    SELECT edition, top_category_id
    FROM judged
    WHERE is_small AND city_key <> 'unknown'
    GROUP BY edition, top_category_id
    HAVING count(*) = 1
        OR too_few(sum(sellers))
        OR too_few(sum(others))
        OR sum(sellers) IN (count(*), count(*) * (SELECT smallest_cell - 1 FROM lake.market))
        OR sum(others) IN (count(*), count(*) * (SELECT smallest_cell - 1 FROM lake.market))
),

ranked AS (
    SELECT
        judged.*,
        row_number() OVER (PARTITION BY edition, top_category_id, is_small ORDER BY sellers, city_key)
            AS place
    FROM judged
    WHERE city_key <> 'unknown'
),

city AS (
    SELECT ranked.*
    FROM ranked
    LEFT JOIN alone USING (edition, top_category_id)
    WHERE is_small OR (alone.edition IS NOT NULL AND place = 1)
),

total AS (
    SELECT edition, top_category_id
    FROM judged
    WHERE city_key IS NULL AND is_small
    UNION
    SELECT edition, top_category_id
    FROM ranked
    SEMI JOIN alone USING (edition, top_category_id)
    GROUP BY edition, top_category_id
    HAVING bool_and(is_small)
)

SELECT 'sellers_listing_in_category' AS figure, edition, top_category_id AS cell
FROM total
UNION
SELECT 'sellers_listing_in_category_by_city', edition, city_key || ' ' || top_category_id
FROM city
UNION
SELECT 'sellers_listing_in_category_by_city', edition, 'unknown ' || top_category_id
FROM (
    FROM total
    UNION
    SELECT edition, top_category_id FROM judged WHERE city_key = 'unknown' AND is_closed
)
ORDER BY figure, edition, cell
