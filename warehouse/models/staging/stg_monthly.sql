-- What is projected, month by month, as the edition of that month knew it. Grain: year_basis, measure,
-- month. A month is good if a census of its last week, or deliveries of all its days, tell a number
-- above 0; no other month is here, and none is filled.
WITH counted AS (
    SELECT
        period.edition,
        'paid_sellers' AS measure,
        period.span_from AS month,
        paid.census_on AS counted_to,
        paid.paid_sellers AS value
    FROM staging.stg_period AS period
    JOIN staging.stg_paid_month AS paid ON paid.month = period.span_from
    WHERE period.dataset = 'sellers' AND period.span = 'month'
    UNION ALL
    SELECT edition, 'live_listings', month, census_on, live_listings
    FROM staging.stg_listing_stock
    UNION ALL
    SELECT edition, 'inquiries', span_from, CASE WHEN days_covered = days THEN span_to END, inquiries
    FROM staging.stg_inquiry_count
    WHERE span = 'month'
)

SELECT
    frame.year_basis,
    counted.measure,
    counted.month,
    12 * year(counted.month) + month(counted.month) AS place,
    counted.measure = 'inquiries' AS is_flow,
    counted.value,
    ln(counted.value) AS log_value
FROM counted
JOIN staging.stg_frame AS frame
    ON frame.edition = counted.edition AND frame.figure = counted.measure
WHERE frame.is_available AND counted.value > 0 AND counted.counted_to > last_day(counted.month) - 7
ORDER BY frame.year_basis, counted.measure, counted.month
