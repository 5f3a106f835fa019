-- Prices and minimum orders by category and unit, for the tables of both.
-- Grain: figure, edition, top_category_id, unit. An edition without figures has one row.
SELECT
    frame.*,
    coalesce(level.top_category_id, 'not_available') AS top_category_id,
    CASE
        WHEN level.top_category_id IS NULL THEN 'Not available'
        ELSE coalesce(named.category, level.top_category_id)
    END AS category,
    level.unit,
    symbol_of(level.unit IS NOT NULL, hidden.cell IS NOT NULL) AS symbol,
    shown(level.quartiles[1], symbol) AS lower_quartile,
    shown(level.quartiles[2], symbol) AS median,
    shown(level.quartiles[3], symbol) AS upper_quartile,
    shown(level.listings, symbol) AS numerator,
    shown(live.listings, symbol) AS denominator,
    shown(level.in_category / live.listings, symbol) AS coverage
FROM staging.stg_frame AS frame
LEFT JOIN staging.stg_listing_level AS level
    ON level.figure = frame.figure AND level.edition = frame.edition AND frame.is_available
LEFT JOIN (
    SELECT edition, top_category_id, sum(live_listings)::BIGINT AS listings
    FROM staging.stg_live_listing
    WHERE is_market
    GROUP BY edition, top_category_id
) AS live ON live.edition = frame.edition AND live.top_category_id = level.top_category_id
LEFT JOIN marts.dim_category AS named ON named.category_id = level.top_category_id
LEFT JOIN disclosure.suppressed AS hidden
    ON hidden.figure = frame.figure
    AND hidden.edition = frame.edition
    AND hidden.cell = concat_ws(' ', level.top_category_id, level.unit)
WHERE frame.figure IN ('price_level', 'moq_level')
ORDER BY frame.edition, top_category_id, level.unit
