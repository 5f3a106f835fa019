-- The months of each edition's inquiries, cut where other editions begin or end, and which are
-- withheld. Grain: edition, month, shared_by (all editions that have this part).
-- A part of too few sellers is withheld, and with it the smallest other month that the same editions
-- share: those editions, one less the other, add these months up. Where no other month is left, or
-- all months that they share rest on too few, the years are withheld. The same for replies: neither
-- those who replied nor those who did not may be too few. What an edition withholds of a part, those
-- that end later withhold too, whatever they have come to know: never the other way round.
WITH counted AS (
    SELECT
        edition,
        shared_by,
        month,
        month IS NULL AS is_year,
        count(*) AS inquiries,
        count(DISTINCT seller_id) < (SELECT smallest_cell FROM lake.market) AS is_small,
        least(
            nullif(count(DISTINCT CASE WHEN is_replied THEN seller_id END), 0),
            nullif(count(DISTINCT CASE WHEN NOT is_replied THEN seller_id END), 0)
        ) < (SELECT smallest_cell FROM lake.market) AS is_reply_small
    FROM (
        SELECT
            *,
            date_trunc('month', counted_on)::DATE AS month,
            -- What a machine answered first is in neither part.
            CASE
                WHEN received_at IS NOT NULL AND first_reply_at IS NULL THEN false
                WHEN received_at IS NOT NULL AND is_auto_reply IS NOT true THEN true
            END AS is_replied
        FROM staging.stg_inquiry
        WHERE is_counted
    )
    GROUP BY GROUPING SETS ((edition, shared_by, month), (edition, shared_by))
),

judged AS (
    SELECT
        counted.* REPLACE (
            bool_or(counted.is_small) OVER so_far AS is_small,
            bool_or(counted.is_small OR coalesce(counted.is_reply_small, false)) OVER so_far
                AS is_reply_small
        )
    FROM counted
    JOIN marts.dim_edition AS edition ON edition.edition = counted.edition
    WINDOW so_far AS (
        PARTITION BY counted.shared_by, counted.month
        ORDER BY edition.period_to
        RANGE UNBOUNDED PRECEDING
    )
),

ranked AS (
    SELECT
        *,
        bool_or(is_small) OVER months AS has_small,
        bool_or(is_reply_small) OVER months AS has_reply_small,
        bool_and(is_small) OVER months AS are_all_small,
        bool_and(is_reply_small) OVER months AS are_all_reply_small,
        row_number() OVER (
            PARTITION BY edition, shared_by, is_year, is_small ORDER BY inquiries, month
        ) AS place,
        row_number() OVER (
            PARTITION BY edition, shared_by, is_year, is_reply_small ORDER BY inquiries, month
        ) AS reply_place
    FROM judged
    WINDOW months AS (PARTITION BY edition, shared_by, is_year)
)

SELECT
    part.edition,
    part.month,
    part.shared_by,
    part.is_small OR (part.has_small AND part.place = 1) AS is_withheld,
    part.is_reply_small OR (part.has_reply_small AND part.reply_place = 1) AS is_reply_withheld,
    year.is_small OR part.are_all_small AS is_year_withheld,
    year.is_reply_small OR part.are_all_reply_small AS is_reply_year_withheld
FROM ranked AS part
JOIN ranked AS year
    ON year.is_year
    AND year.edition = part.edition
    AND year.shared_by IS NOT DISTINCT FROM part.shared_by
WHERE NOT part.is_year
ORDER BY part.edition, part.month, part.shared_by
