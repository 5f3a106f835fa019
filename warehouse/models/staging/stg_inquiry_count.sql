-- Inquiries, their buyers and their replies, by month and year, for all tables of them.
-- Grain: edition, span, span_from. A buyer counts once per period.
SELECT
    period.*,
    count(*) FILTER (WHERE is_counted) AS inquiries,
    count(inquiry_id) FILTER (WHERE is_known) / nullif(count(inquiry_id), 0) AS coverage,
    count(DISTINCT buyer_key) FILTER (WHERE is_counted) AS buyers,
    count(buyer_key) FILTER (WHERE is_counted) AS inquiries_of_buyers,
    inquiries_of_buyers / nullif(inquiries, 0) AS buyer_coverage,
    count(is_replied) FILTER (WHERE is_counted) AS answerable,
    count(*) FILTER (WHERE is_counted AND is_replied) AS replied,
    median((epoch(replied_at) - epoch(received_at)) / 3600) FILTER (WHERE is_counted AND is_replied)
        AS median_hours,
    count(received_at) FILTER (WHERE is_counted) / nullif(inquiries, 0) AS reply_coverage
FROM staging.stg_inquiry_period AS period
LEFT JOIN staging.stg_inquiry AS inquiry
    ON inquiry.edition = period.edition
    AND inquiry.counted_on BETWEEN period.span_from AND period.span_to
GROUP BY ALL
ORDER BY period.edition, period.span, period.span_from
