-- Sellers with their paid days in a period and the inquiries received on those days.
-- Grain: edition, span, span_from, seller_id. Only days covered by deliveries of inquiries.
WITH tally AS (
    SELECT
        calendar.calendar_on,
        count(day.covered_on) OVER (ORDER BY calendar.calendar_on) AS days_so_far
    FROM marts.dim_calendar AS calendar
    LEFT JOIN staging.stg_covered_day AS day ON day.covered_on = calendar.calendar_on
),

paid AS (
    SELECT
        part.edition,
        part.span,
        part.span_from,
        part.counted_until,
        paid.seller_id,
        sum(closes.days_so_far - opens.days_so_far)::BIGINT AS paid_days
    FROM staging.stg_inquiry_period AS part
    JOIN staging.stg_paid_period AS paid
        ON paid.edition = part.edition
        AND paid.paid_from_on <= part.counted_until
        AND paid.paid_to_on >= part.span_from
    JOIN tally AS opens
        ON opens.calendar_on = greatest(paid.paid_from_on, part.span_from) - 1
    JOIN tally AS closes
        ON closes.calendar_on = least(paid.paid_to_on, part.counted_until)
    GROUP BY part.edition, part.span, part.span_from, part.counted_until, paid.seller_id
    HAVING paid_days > 0
),

received AS (
    SELECT inquiry.edition, inquiry.seller_id, inquiry.counted_on, count(*) AS inquiries
    FROM staging.stg_inquiry AS inquiry
    JOIN staging.stg_covered_day AS day ON day.covered_on = inquiry.counted_on
    JOIN staging.stg_paid_period AS paid
        ON paid.edition = inquiry.edition
        AND paid.seller_id = inquiry.seller_id
        AND inquiry.counted_on BETWEEN paid.paid_from_on AND paid.paid_to_on
    WHERE inquiry.is_counted
    GROUP BY inquiry.edition, inquiry.seller_id, inquiry.counted_on
)

SELECT
    paid.edition,
    paid.span,
    paid.span_from,
    paid.seller_id,
    paid.paid_days,
    coalesce(sum(received.inquiries), 0)::BIGINT AS inquiries
FROM paid
LEFT JOIN received
    ON received.edition = paid.edition
    AND received.seller_id = paid.seller_id
    AND received.counted_on BETWEEN paid.span_from AND paid.counted_until
GROUP BY paid.edition, paid.span, paid.span_from, paid.seller_id, paid.paid_days
ORDER BY paid.edition, paid.span, paid.span_from, paid.seller_id
