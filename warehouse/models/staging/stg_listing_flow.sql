-- Listings that came and went in a month: the last good census of the month against that of the
-- month before. How often exports come makes no difference, and a night that does not count in
-- full drops nothing. Grain: edition, month, flow; without both nights nobody can tell (flow_from is
-- null). Whose listings they are is what the edition knew.
-- A month is withheld as a whole: the stock before and after would give away one of the three.
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

-- To come and to go take turns: what is left of a month's moves tells where it began and ended.
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
        CASE
            WHEN came = -1 THEN 'dropped'
            WHEN came = 1 AND is_new THEN 'new'
            WHEN came = 1 THEN 'returned'
        END AS flow,
        count(*) AS listings
    FROM moved
    WHERE came <> 0
    GROUP BY ALL
),

counted AS (
    SELECT
        edition.edition,
        span.month,
        span.flow_from,
        span.flow_to,
        named.flow,
        coalesce(sum(flow.listings) FILTER (WHERE seller.is_market), 0)::BIGINT AS listings,
        count(DISTINCT flow.seller_id) FILTER (WHERE seller.is_market) AS sellers,
        coalesce(sum(flow.listings) FILTER (WHERE seller.country_iso2 IS NOT NULL), 0)
        / sum(flow.listings) AS coverage
    FROM span
    JOIN marts.dim_edition AS edition
        ON span.month BETWEEN edition.period_from AND edition.listings_as_of
    CROSS JOIN (VALUES ('new'), ('returned'), ('dropped')) AS named (flow)
    LEFT JOIN flow ON flow.month = span.month AND flow.flow = named.flow
    LEFT JOIN staging.stg_seller_as_of AS seller
        ON seller.edition = edition.edition AND seller.seller_id = flow.seller_id
    GROUP BY edition.edition, span.month, span.flow_from, span.flow_to, named.flow
)

SELECT
    *,
    sellers BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1 AS is_small,
    bool_or(sellers BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1)
        OVER (PARTITION BY edition, month) AS is_withheld
FROM counted
ORDER BY edition, month, flow
