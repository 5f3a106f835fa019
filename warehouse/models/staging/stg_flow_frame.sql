-- What all tables of seller flows state about an edition. Grain: figure, edition.
-- A flow starts at the edition's opening census; without one it is unknown.
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
