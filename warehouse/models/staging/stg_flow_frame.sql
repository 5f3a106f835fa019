-- What the tables of sellers that came and went state of an edition: one shape for them.
-- Grain: figure, edition. A flow is told from the census that the edition opens with; without one
-- nothing is known.
SELECT
    frame.* REPLACE (
        night.opened_on IS NULL OR frame.is_partial AS is_partial,
        frame.period_to - frame.period_from + 1 AS days,
        CASE WHEN night.opened_on IS NULL THEN 0 ELSE frame.as_of - frame.period_from + 1 END
            AS days_covered,
        night.opened_on IS NOT NULL AS is_available
    ),
    night.opened_on
FROM staging.stg_frame AS frame
LEFT JOIN staging.stg_opening_night AS night
    ON night.edition = frame.edition AND frame.is_available
WHERE frame.figure IN ('seller_flow', 'seller_flow_by_city')
ORDER BY frame.edition, frame.figure
