-- How much of the business any online record could speak for: sellers with an online order against
-- sellers with an inquiry. Grain: edition. Never a value: deals close offline.
-- The census counts the orders of six months, so that its later half year tells of the whole year.
WITH span AS (
    SELECT
        *,
        (period_from + INTERVAL 6 MONTH)::DATE AS half_on,
        CASE
            WHEN sellers_as_of IS NOT NULL AND inquiries_as_of IS NOT NULL
                THEN least(sellers_as_of, inquiries_as_of)
        END AS as_of
    FROM marts.dim_edition
),

ordered AS (
    SELECT span.edition, seller.seller_id, max(seller.orders_6m) > 0 AS has_order
    FROM span
    JOIN marts.dim_seller AS seller
        ON span.sellers_as_of >= span.half_on
        AND seller.valid_from_on <= span.sellers_as_of
        AND (seller.valid_until_on IS NULL OR seller.valid_until_on > span.half_on)
    JOIN staging.stg_seller_as_of AS country
        ON country.edition = span.edition
        AND country.seller_id = seller.seller_id
        AND country.is_market
    GROUP BY span.edition, seller.seller_id
),

asked AS (
    SELECT DISTINCT edition, seller_id FROM staging.stg_inquiry WHERE is_counted
),

counted AS (
    SELECT
        asked.edition,
        count(*) AS with_inquiry,
        count(ordered.has_order) AS known
    FROM asked
    LEFT JOIN ordered ON ordered.edition = asked.edition AND ordered.seller_id = asked.seller_id
    GROUP BY asked.edition
),

figure AS (
    SELECT
        span.*,
        CASE
            WHEN available.is_available AND span.sellers_as_of >= span.half_on AND counted.known > 0
                THEN (
                    SELECT count(*) FROM ordered
                    WHERE ordered.edition = span.edition AND ordered.has_order
                )
        END AS with_order,
        counted.with_inquiry,
        counted.known / counted.with_inquiry AS known_share,
        asked_in.is_partial,
        asked_in.days,
        asked_in.days_covered
    FROM span
    LEFT JOIN staging.stg_inquiry_span AS asked_in
        ON asked_in.edition = span.edition AND asked_in.span = 'year'
    LEFT JOIN staging.stg_available AS available
        ON available.edition = span.edition AND available.figure = 'online_order_coverage'
    LEFT JOIN counted ON counted.edition = span.edition
),

judged AS (
    SELECT
        *,
        coalesce(
            least(nullif(with_order, 0), with_inquiry) < (SELECT smallest_cell FROM lake.market),
            false
        ) AS is_withheld
    FROM figure
)

SELECT
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    as_of IS NULL OR as_of < period_to OR is_partial AS is_partial,
    days,
    days_covered,
    CASE WHEN NOT is_withheld THEN with_order / with_inquiry END AS online_order_coverage,
    CASE WHEN NOT is_withheld THEN with_order END AS numerator,
    CASE WHEN with_order IS NOT NULL AND NOT is_withheld THEN with_inquiry END AS denominator,
    CASE WHEN with_order IS NOT NULL AND NOT is_withheld THEN known_share END AS coverage,
    CASE WHEN with_order IS NULL THEN 'x' WHEN is_withheld THEN 'c' END AS symbol
FROM judged
ORDER BY year_basis DESC, year
