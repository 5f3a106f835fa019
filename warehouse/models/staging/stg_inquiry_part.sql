-- What editions share of a month's inquiries: the part that these have and no other, with the
-- sellers behind it. Grain: edition, month, shared_by. One edition less another leaves such parts.
-- A year is small if a part of it over all months rests on too few sellers, or is made of such
-- months alone: their number would tell them.
WITH part AS (
    SELECT
        edition,
        shared_by,
        date_trunc('month', counted_on)::DATE AS month,
        count(DISTINCT seller_id) < (SELECT smallest_cell FROM lake.market) AS is_small
    FROM staging.stg_inquiry
    WHERE is_counted
    GROUP BY edition, shared_by, date_trunc('month', counted_on)
),

whole AS (
    SELECT
        edition,
        shared_by,
        count(DISTINCT seller_id) < (SELECT smallest_cell FROM lake.market) AS is_small
    FROM staging.stg_inquiry
    WHERE is_counted
    GROUP BY edition, shared_by
)

SELECT
    part.edition,
    part.month,
    part.shared_by,
    part.is_small,
    whole.is_small
    OR bool_and(part.is_small) OVER (PARTITION BY part.edition, part.shared_by) AS is_year_small
FROM part
JOIN whole
    ON whole.edition = part.edition AND whole.shared_by IS NOT DISTINCT FROM part.shared_by
ORDER BY part.edition, part.month, part.shared_by
