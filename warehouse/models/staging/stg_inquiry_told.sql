-- What may be shown of each month and year of inquiries, for all tables of them.
-- Grain: figure, edition, span, span_from. Replies have their own suppression; everything else is
-- withheld if the inquiries are.
SELECT
    counted.*,
    frame.figure,
    frame.is_available AND (counted.days_covered > 0 OR frame.figure = 'inquiries_per_seller')
        AS is_told,
    hidden.cell IS NOT NULL AS is_hidden,
    symbol_of(is_told, is_hidden) AS symbol
FROM staging.stg_inquiry_count AS counted
JOIN staging.stg_frame AS frame
    ON frame.edition = counted.edition
    AND frame.figure IN ('inquiry_flow', 'inquiring_buyers', 'inquiries_per_seller', 'response_time')
LEFT JOIN disclosure.suppressed AS hidden
    ON hidden.figure
    = CASE frame.figure WHEN 'response_time' THEN frame.figure ELSE 'inquiry_flow' END
    AND hidden.edition = counted.edition
    AND hidden.cell = counted.cell
ORDER BY frame.figure, counted.edition, counted.span, counted.span_from
