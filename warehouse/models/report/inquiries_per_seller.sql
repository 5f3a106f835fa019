-- Inquiries per paid seller, and the share of sellers without any, by month and report year.
-- Grain: edition, span, span_from. Sellers who join or leave within a span count by their days: the
-- average number of paid sellers is seller-days by days. Only days that a delivery covers count.
WITH counted AS (
    SELECT
        edition,
        span,
        span_from,
        sum(inquiries) AS inquiries,
        sum(paid_days) AS seller_days,
        count(*) AS sellers,
        count(*) FILTER (WHERE inquiries = 0) AS silent_sellers,
        coalesce(sum(paid_days) FILTER (WHERE inquiries = 0), 0) AS silent_days
    FROM staging.stg_seller_span
    GROUP BY edition, span, span_from
),

known AS (
    SELECT
        part.edition,
        part.span,
        part.span_from,
        count(inquiry.inquiry_id) FILTER (WHERE inquiry.is_known)
        / nullif(count(inquiry.inquiry_id), 0) AS coverage
    FROM staging.stg_inquiry_span AS part
    LEFT JOIN staging.stg_inquiry AS inquiry
        ON inquiry.edition = part.edition
        AND inquiry.counted_on BETWEEN part.span_from AND part.span_to
    GROUP BY part.edition, part.span, part.span_from
),

judged AS (
    SELECT
        part.*,
        counted.inquiries,
        counted.seller_days,
        counted.sellers,
        counted.silent_sellers,
        counted.silent_days,
        coalesce(available.is_available, false) AND counted.sellers IS NOT NULL AS is_available,
        part.is_withheld
        OR counted.sellers < (SELECT smallest_cell FROM lake.market)
        OR counted.sellers - counted.silent_sellers
        BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1 AS is_hidden,
        -- Of two classes of sellers neither may be small: one is what the other leaves.
        least(
            nullif(counted.silent_sellers, 0), nullif(counted.sellers - counted.silent_sellers, 0)
        ) < (SELECT smallest_cell FROM lake.market) AS is_split_small,
        CASE
            WHEN available.is_available AND counted.sellers IS NOT NULL THEN known.coverage
        END AS coverage
    FROM staging.stg_inquiry_span AS part
    JOIN known
        ON known.edition = part.edition
        AND known.span = part.span
        AND known.span_from = part.span_from
    LEFT JOIN counted
        ON counted.edition = part.edition
        AND counted.span = part.span
        AND counted.span_from = part.span_from
    LEFT JOIN staging.stg_available AS available
        ON available.edition = part.edition AND available.figure = 'inquiries_per_seller'
),

shown AS (
    SELECT
        *,
        is_available AND NOT is_hidden AS is_shown,
        is_available AND NOT is_hidden AND NOT is_split_small AS is_split_shown,
        CASE
            WHEN NOT is_available THEN 'x'
            WHEN is_hidden THEN 'c'
        END AS symbol,
        CASE
            WHEN NOT is_available THEN 'x'
            WHEN is_hidden OR is_split_small THEN 'c'
        END AS split_symbol
    FROM judged
)

SELECT
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial,
    span,
    span_from,
    span_to,
    days,
    days_covered,
    CASE WHEN is_shown THEN inquiries * days_covered / seller_days END AS inquiries_per_seller,
    CASE WHEN is_shown THEN inquiries::BIGINT END AS inquiries_per_seller_numerator,
    CASE WHEN is_shown THEN seller_days / days_covered END AS inquiries_per_seller_denominator,
    coverage AS inquiries_per_seller_coverage,
    symbol AS inquiries_per_seller_symbol,
    CASE WHEN is_split_shown THEN silent_sellers / sellers END AS zero_share,
    CASE WHEN is_split_shown THEN silent_sellers END AS zero_share_numerator,
    CASE WHEN is_shown THEN sellers END AS zero_share_denominator,
    coverage AS zero_share_coverage,
    split_symbol AS zero_share_symbol,
    CASE WHEN is_split_shown THEN silent_days / seller_days END AS zero_day_share,
    CASE WHEN is_split_shown THEN silent_days::BIGINT END AS zero_day_share_numerator,
    CASE WHEN is_shown THEN seller_days::BIGINT END AS zero_day_share_denominator,
    coverage AS zero_day_share_coverage,
    split_symbol AS zero_day_share_symbol
FROM shown
ORDER BY year_basis DESC, year, span DESC, span_from
