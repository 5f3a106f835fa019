-- Withheld weeks, months and years of listing traffic. Grain: figure, edition, cell.
-- If a night has too few contributors, all months and weeks of its editions are withheld, because
-- together they would disclose it; an edition that ended before another does not change because of it.
-- A year is withheld if no night that the same editions share has enough. The model counts contributors
-- and does not list them: nights times sellers would be millions of rows.
WITH shared AS (
    SELECT
        night.edition,
        night.sellers,
        list(other.edition ORDER BY other.edition) AS editions,
        bool_or(other.edition = night.edition) AS is_own
    FROM staging.stg_traffic_night AS night
    JOIN marts.dim_edition AS other
        ON night.export_date BETWEEN other.period_from AND other.period_to
    WHERE night.sellers > 0
    GROUP BY night.edition, night.export_date, night.sellers
),

-- Editions with a night of too few contributors, and whether all nights that they share are such.
closed AS (
    SELECT edition, period_from, period_to, bool_or(too_few(at_most)) AS is_year_small
    FROM (
        SELECT edition, min(sellers) AS at_least, max(sellers) AS at_most
        FROM shared
        WHERE is_own
        GROUP BY edition, editions
    )
    JOIN marts.dim_edition USING (edition)
    WHERE too_few(at_least)
    GROUP BY edition, period_from, period_to
)

SELECT DISTINCT 'inquiry_rate' AS figure, period.edition, period.span || ' ' || period.span_from AS cell
FROM staging.stg_traffic_period AS period
JOIN closed
    ON CASE
        WHEN period.span = 'year' THEN closed.edition = period.edition AND closed.is_year_small
        ELSE closed.period_from <= period.span_to
            AND closed.period_to BETWEEN period.span_from AND period.period_to
    END
ORDER BY figure, period.edition, cell
