-- Inquiries to visitors of the listings, by week, month and report year.
-- Grain: edition, span, span_from. Made of the sums, never an average of rates. One visitor may
-- send several: it can exceed 1.
WITH shown AS (
    SELECT
        part.*,
        coalesce(available.is_available, false) AND part.visitors > 0 AS is_available
    FROM staging.stg_visit_span AS part
    LEFT JOIN staging.stg_available AS available
        ON available.edition = part.edition AND available.figure = 'inquiry_rate'
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
    nights,
    CASE WHEN is_available AND NOT is_withheld THEN inquiries / nullif(visitors, 0) END
        AS inquiry_rate,
    CASE WHEN is_available AND NOT is_withheld THEN inquiries END AS numerator,
    CASE WHEN is_available AND NOT is_withheld THEN visitors END AS denominator,
    CASE WHEN is_available THEN coverage END AS coverage,
    CASE
        WHEN is_available IS NOT true THEN 'x'
        WHEN is_withheld THEN 'c'
    END AS symbol
FROM shown
ORDER BY year_basis DESC, year, span DESC, span_from
