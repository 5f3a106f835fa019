-- Inquiries per paid seller, and the share of sellers without any, by month and report year.
-- Grain: edition, span, span_from. Sellers that join or leave within a period count by days: the
-- average number of paid sellers is seller-days divided by days. Only days covered by deliveries count.
WITH counted AS (
    SELECT
        edition,
        span,
        span_from,
        sum(inquiries) AS paid_inquiries,
        sum(paid_days) AS seller_days,
        count(*) AS sellers,
        count(*) FILTER (WHERE inquiries = 0) AS silent_sellers,
        coalesce(sum(paid_days) FILTER (WHERE inquiries = 0), 0) AS silent_days
    FROM staging.stg_seller_period
    GROUP BY edition, span, span_from
),

figure AS (
    SELECT
        told.* EXCLUDE (symbol),
        counted.* EXCLUDE (edition, span, span_from),
        symbol_of(told.is_told AND sellers IS NOT NULL, told.is_hidden OR few.cell IS NOT NULL)
            AS rate_symbol,
        CASE WHEN split.cell IS NOT NULL THEN coalesce(rate_symbol, 'c') ELSE rate_symbol END
            AS split_symbol,
        CASE WHEN rate_symbol IS DISTINCT FROM 'x' THEN told.coverage END AS told_coverage
    FROM staging.stg_inquiry_told AS told
    LEFT JOIN counted
        ON counted.edition = told.edition
        AND counted.span = told.span
        AND counted.span_from = told.span_from
    LEFT JOIN disclosure.suppressed AS few
        ON few.figure = told.figure AND few.edition = told.edition AND few.cell = told.cell
    LEFT JOIN disclosure.suppressed AS split
        ON split.figure = 'zero_share' AND split.edition = told.edition AND split.cell = told.cell
    WHERE told.figure = 'inquiries_per_seller'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    span, span_from, span_to, days, days_covered,
    shown(paid_inquiries * days_covered / seller_days, rate_symbol) AS inquiries_per_seller,
    shown(paid_inquiries, rate_symbol)::BIGINT AS inquiries_per_seller_numerator,
    shown(seller_days / days_covered, rate_symbol) AS inquiries_per_seller_denominator,
    told_coverage AS inquiries_per_seller_coverage,
    rate_symbol AS inquiries_per_seller_symbol,
    shown(silent_sellers / sellers, split_symbol) AS zero_share,
    shown(silent_sellers, split_symbol) AS zero_share_numerator,
    shown(sellers, rate_symbol) AS zero_share_denominator,
    told_coverage AS zero_share_coverage,
    split_symbol AS zero_share_symbol,
    shown(silent_days / seller_days, split_symbol) AS zero_day_share,
    shown(silent_days, split_symbol)::BIGINT AS zero_day_share_numerator,
    shown(seller_days, rate_symbol)::BIGINT AS zero_day_share_denominator,
    told_coverage AS zero_day_share_coverage,
    split_symbol AS zero_day_share_symbol
FROM figure
ORDER BY edition, span, span_from
