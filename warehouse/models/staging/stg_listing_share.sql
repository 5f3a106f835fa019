-- Shares of the market's live listings that state something, for all tables of them.
-- Grain: edition, part.
WITH counted AS (
    SELECT
        edition,
        part,
        sum(numerator) FILTER (WHERE is_market)::BIGINT AS numerator,
        nullif(sum(denominator) FILTER (WHERE is_market), 0)::BIGINT AS denominator,
        CASE part
            WHEN 'ready_to_ship'
                THEN sum(denominator) FILTER (WHERE is_market)
                    / nullif(sum(live_listings) FILTER (WHERE is_market), 0)
            ELSE coalesce(sum(live_listings) FILTER (WHERE is_known), 0) / sum(live_listings)
        END AS coverage
    FROM staging.stg_listing_term
    GROUP BY edition, part
)

SELECT
    frame.*,
    named.place,
    named.part,
    symbol_of(is_available AND denominator IS NOT NULL, hidden.figure IS NOT NULL) AS symbol,
    total.figure IS NULL AND is_available AND denominator IS NOT NULL AS is_total_shown,
    shown(numerator / denominator, symbol) AS share,
    shown(numerator, symbol) AS numerator,
    CASE WHEN is_total_shown THEN denominator END AS denominator,
    CASE WHEN is_total_shown THEN coverage END AS coverage
FROM (
    VALUES
        (1, 'listing_completeness', 'complete'),
        (2, 'listing_completeness', 'price'),
        (3, 'listing_completeness', 'ask_price'),
        (4, 'listing_completeness', 'moq'),
        (5, 'listing_completeness', 'leaf_category'),
        (6, 'ready_to_ship', 'ready_to_ship')
) AS named (place, figure, part)
JOIN staging.stg_frame AS frame USING (figure)
LEFT JOIN counted USING (edition, part)
LEFT JOIN disclosure.suppressed AS hidden
    ON hidden.figure = 'listing_share' AND hidden.edition = frame.edition AND hidden.cell = named.part
LEFT JOIN disclosure.suppressed AS total
    ON total.figure = 'listing_share_total'
    AND total.edition = frame.edition
    AND total.cell = named.part
ORDER BY frame.edition, named.place
