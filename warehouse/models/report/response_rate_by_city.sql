-- Response rate by the platform's formula, by city of the seller. Grain: edition, city_key.
-- The unknown class is published as its own row. An edition has one row, `not_available`, if its
-- exports lack what the table needs, or if the whole table or the rate of the whole market is withheld.
WITH counted AS (
    SELECT
        response.edition,
        coalesce(seller.city_key, 'unknown') AS city_key,
        sum(response.valid)::BIGINT AS valid,
        sum(response.replied)::BIGINT AS replied
    FROM staging.stg_response AS response
    LEFT JOIN staging.stg_seller_as_of AS seller USING (edition, seller_id)
    WHERE response.valid > 0
    GROUP BY response.edition, coalesce(seller.city_key, 'unknown')
),

total AS (
    SELECT
        edition,
        coalesce(sum(valid) FILTER (WHERE city_key <> 'unknown'), 0) / sum(valid) AS coverage
    FROM counted
    GROUP BY edition
),

figure AS (
    SELECT
        frame.* EXCLUDE (is_partial, days, days_covered),
        response_window.* EXCLUDE (edition),
        coalesce(counted.city_key, 'not_available') AS city_key,
        CASE coalesce(counted.city_key, 'not_available')
            WHEN 'not_available' THEN 'Not available'
            WHEN 'unknown' THEN 'Unknown'
            ELSE coalesce(city.city, counted.city_key)
        END AS city,
        counted.valid,
        counted.replied,
        total.coverage,
        symbol_of(
            frame.is_available AND (counted.edition IS NOT NULL OR whole.edition IS NOT NULL),
            whole.edition IS NOT NULL OR few.edition IS NOT NULL
        ) AS symbol
    FROM staging.stg_frame AS frame
    LEFT JOIN staging.stg_response_window AS response_window USING (edition)
    LEFT JOIN (
        SELECT DISTINCT edition
        FROM disclosure.suppressed
        WHERE figure IN ('pooled', 'pooled_by_city') AND cell = ''
    ) AS whole USING (edition)
    LEFT JOIN counted
        ON counted.edition = frame.edition AND frame.is_available AND whole.edition IS NULL
    LEFT JOIN total ON total.edition = counted.edition
    LEFT JOIN disclosure.suppressed AS few
        ON few.figure = 'pooled_by_city'
        AND few.edition = frame.edition
        AND few.cell = counted.city_key
    LEFT JOIN marts.dim_city AS city ON city.city_key = counted.city_key
    WHERE frame.figure = 'response_rate_by_city'
)

SELECT
    edition,
    year_basis,
    year,
    as_of,
    period_from,
    period_to,
    as_of IS NULL OR as_of < period_to OR days_covered < 30 AS is_partial,
    window_from,
    window_to,
    30 AS days,
    days_covered,
    city_key,
    city,
    shown(replied / valid, symbol) AS response_rate,
    shown(replied, symbol) AS numerator,
    shown(valid, symbol) AS denominator,
    coverage,
    symbol
FROM figure
ORDER BY year_basis DESC, year, denominator DESC NULLS LAST, city_key
