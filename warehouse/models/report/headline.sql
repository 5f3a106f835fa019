-- The headline figures of each edition. Grain: edition, metric.
WITH figure AS (
    SELECT
        edition.edition,
        1 AS place,
        'paid_sellers' AS metric,
        edition.sellers_as_of AS as_of,
        count(*) FILTER (WHERE seller.is_paid) AS value,
        count(seller.country_iso2) / nullif(count(seller.seller_id), 0) AS coverage
    FROM marts.dim_edition AS edition
    LEFT JOIN staging.stg_census_seller AS seller ON seller.snapshot_date = edition.sellers_as_of
    GROUP BY edition.edition, edition.sellers_as_of
    UNION ALL
    SELECT
        edition.edition,
        2,
        'live_listings',
        edition.listings_as_of,
        coalesce(sum(live.live_listings) FILTER (WHERE live.is_market), 0),
        coalesce(sum(live.live_listings) FILTER (WHERE live.is_known), 0)
        / sum(live.live_listings)
    FROM marts.dim_edition AS edition
    LEFT JOIN staging.stg_live_listing AS live ON live.edition = edition.edition
    GROUP BY edition.edition, edition.listings_as_of
    UNION ALL
    SELECT
        edition.edition,
        3,
        'listings_ever',
        edition.listings_as_of,
        coalesce(sum(new.new_listings) FILTER (WHERE seller.is_market), 0),
        coalesce(sum(new.new_listings) FILTER (WHERE seller.country_iso2 IS NOT NULL), 0)
        / sum(new.new_listings)
    FROM marts.dim_edition AS edition
    LEFT JOIN lake.listing_new AS new ON new.changed_on <= edition.listings_as_of
    LEFT JOIN staging.stg_seller_as_of AS seller
        ON seller.edition = edition.edition AND seller.seller_id = new.seller_id
    GROUP BY edition.edition, edition.listings_as_of
    UNION ALL
    SELECT
        edition.edition,
        4,
        'inquiries',
        edition.inquiries_as_of,
        count(*) FILTER (WHERE inquiry.is_counted),
        count(*) FILTER (WHERE inquiry.is_known) / nullif(count(inquiry.inquiry_id), 0)
    FROM marts.dim_edition AS edition
    LEFT JOIN staging.stg_inquiry AS inquiry ON inquiry.edition = edition.edition
    GROUP BY edition.edition, edition.inquiries_as_of
    UNION ALL
    -- Outside China, the US and Malaysia deals close offline: the value is not known to anybody.
    SELECT edition, 5, 'goods_sold_value', sellers_as_of, NULL, NULL
    FROM marts.dim_edition
),

-- Nothing is counted in an edition whose exports lack what the figure rests on.
shown AS (
    SELECT
        figure.* REPLACE (
            CASE WHEN available.is_available AND total.is_withheld IS NOT true THEN figure.value END
                AS value
        ),
        available.is_available AND total.is_withheld AS is_withheld
    FROM figure
    LEFT JOIN staging.stg_total AS total
        ON total.edition = figure.edition AND total.figure = figure.metric
    LEFT JOIN staging.stg_available AS available
        ON available.edition = figure.edition AND available.figure = figure.metric
)

SELECT
    edition.edition,
    edition.year_basis,
    figure.as_of,
    edition.period_from,
    edition.period_to,
    coalesce(year.is_partial, figure.as_of IS NULL OR figure.as_of < edition.period_to) AS is_partial,
    figure.metric,
    figure.value::DOUBLE AS value,
    figure.value::BIGINT AS numerator,
    NULL::BIGINT AS denominator,
    CASE WHEN figure.value IS NOT NULL THEN figure.coverage END AS coverage,
    year.days,
    year.days_covered,
    CASE
        WHEN figure.is_withheld THEN 'c'
        WHEN figure.value IS NULL THEN 'x'
    END AS symbol
FROM shown AS figure
JOIN marts.dim_edition AS edition ON edition.edition = figure.edition
-- A stock is of one night, and what was ever seen has no first day: inquiries alone are a flow.
LEFT JOIN staging.stg_inquiry_span AS year
    ON year.edition = figure.edition AND year.span = 'year' AND figure.metric = 'inquiries'
ORDER BY edition.year_basis DESC, edition.year, figure.place
