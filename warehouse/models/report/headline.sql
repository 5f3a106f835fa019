-- The headline figures of each edition. Grain: edition, metric.
-- Each branch names all its columns: `outlook explain` shows the one of the metric alone.
WITH counted AS (
    SELECT edition, 'paid_sellers' AS figure, paid_sellers AS value, coverage
    FROM staging.stg_edition
    JOIN staging.stg_census ON snapshot_date = as_of
    WHERE dataset = 'sellers'
    UNION ALL
    SELECT
        edition,
        'live_listings' AS figure,
        sum(live_listings) FILTER (WHERE is_market) AS value,
        coalesce(sum(live_listings) FILTER (WHERE is_known), 0) / sum(live_listings) AS coverage
    FROM staging.stg_live_listing
    GROUP BY edition
    UNION ALL
    SELECT
        edition,
        'listings_ever' AS figure,
        sum(new_listings) FILTER (WHERE is_market) AS value,
        coalesce(sum(new_listings) FILTER (WHERE country_iso2 IS NOT NULL), 0) / sum(new_listings)
            AS coverage
    FROM staging.stg_edition
    JOIN lake.listing_new ON changed_on <= as_of
    LEFT JOIN staging.stg_seller_as_of USING (edition, seller_id)
    WHERE dataset = 'listings'
    GROUP BY edition
    UNION ALL
    SELECT edition, 'inquiries' AS figure, inquiries AS value, coverage
    FROM staging.stg_inquiry_count
    WHERE span = 'year'
),

-- Outside China, the US and Malaysia deals close offline, so the value is unknown.
told AS (
    SELECT
        frame.*,
        named.place,
        symbol_of(frame.is_available, hidden.cell IS NOT NULL) AS symbol,
        shown(coalesce(counted.value, 0), symbol) AS value,
        shown(counted.coverage, symbol) AS coverage
    FROM (
        VALUES
            (1, 'paid_sellers'), (2, 'live_listings'), (3, 'listings_ever'), (4, 'inquiries'),
            (5, 'goods_sold_value')
    ) AS named (place, figure)
    JOIN staging.stg_frame AS frame USING (figure)
    LEFT JOIN counted ON counted.edition = frame.edition AND counted.figure = frame.figure
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = frame.figure AND hidden.edition = frame.edition AND hidden.cell = ''
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    figure AS metric,
    value::DOUBLE AS value,
    value::BIGINT AS numerator,
    NULL::BIGINT AS denominator,
    coverage,
    days,
    days_covered,
    symbol
FROM told
ORDER BY year_basis DESC, year, place
