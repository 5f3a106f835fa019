-- New and dropped listings of a month: its last good census against that of the month before. The
-- frequency of exports makes no difference, and a night that does not count in full drops nothing.
-- Grain: edition, month, flow; without both nights the flow is unknown (flow_from is null). A listing
-- belongs to the seller that the edition knew.
WITH span AS (
    SELECT
        month,
        census_on AS flow_to,
        CASE
            WHEN names_sellers
                AND lag(names_sellers) OVER (ORDER BY month)
                AND lag(month) OVER (ORDER BY month) = (month - INTERVAL 1 MONTH)::DATE
                THEN lag(census_on) OVER (ORDER BY month)
        END AS flow_from
    FROM staging.stg_listing_month
),

night AS (
    SELECT span.month, stg_night.export_date
    FROM span
    JOIN staging.stg_night
        ON stg_night.dataset = 'listings'
        AND stg_night.export_date > span.flow_from
        AND stg_night.export_date <= span.flow_to
),

-- Appearing and disappearing alternate, so a month's net changes show how it began and ended.
moved AS (
    SELECT
        night.month,
        arg_max(change.seller_id, change.changed_on) AS seller_id,
        sum(CASE WHEN change.change = 'gone' THEN -1 ELSE 1 END) AS came,
        bool_or(change.change = 'new') AS is_new
    FROM lake.listing_change AS change
    JOIN night ON night.export_date = change.changed_on
    GROUP BY night.month, change.product_id
),

flow AS (
    SELECT
        month,
        seller_id,
        CASE came WHEN -1 THEN 'dropped' WHEN 1 THEN CASE WHEN is_new THEN 'new' ELSE 'returned' END END
            AS flow,
        count(*) AS listings
    FROM moved
    WHERE came <> 0
    GROUP BY ALL
)

SELECT
    period.edition,
    span.month,
    span.flow_from,
    span.flow_to,
    named.flow,
    coalesce(sum(flow.listings) FILTER (WHERE seller.is_market), 0)::BIGINT AS listings,
    list(DISTINCT flow.seller_id) FILTER (WHERE seller.is_market) AS sellers,
    coalesce(sum(flow.listings) FILTER (WHERE seller.country_iso2 IS NOT NULL), 0)
    / sum(flow.listings) AS coverage
FROM span
JOIN staging.stg_period AS period
    ON period.dataset = 'listings' AND period.span = 'month' AND period.span_from = span.month
CROSS JOIN (VALUES ('new'), ('returned'), ('dropped')) AS named (flow)
LEFT JOIN flow USING (month, flow)
LEFT JOIN staging.stg_seller_as_of AS seller
    ON seller.edition = period.edition AND seller.seller_id = flow.seller_id
GROUP BY period.edition, span.month, span.flow_from, span.flow_to, named.flow
ORDER BY period.edition, span.month, named.flow
