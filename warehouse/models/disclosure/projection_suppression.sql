-- Measures that are not projected, because a month of their series is withheld: the month's own year or
-- a later one could give it away. Grain: figure, edition, cell (the measure).
WITH withheld AS (
    SELECT period.edition, 'paid_sellers' AS measure
    FROM staging.stg_period AS period
    JOIN staging.stg_paid_month AS paid ON paid.month = period.span_from
    WHERE period.dataset = 'sellers' AND period.span = 'month' AND too_few(paid.paid_sellers)
    UNION
    SELECT edition, 'live_listings'
    FROM disclosure.primary_suppression
    WHERE figure IN ('live_listings', 'listing_stock_by_month')
    UNION
    SELECT edition, 'inquiries'
    FROM disclosure.inquiry_suppression
    WHERE figure = 'inquiry_flow'
    UNION
    SELECT edition, figure
    FROM disclosure.total_suppression
    WHERE figure IN ('paid_sellers', 'live_listings', 'inquiries')
)

SELECT DISTINCT 'projection' AS figure, later.edition, withheld.measure AS cell
FROM withheld
JOIN marts.dim_edition AS told USING (edition)
JOIN marts.dim_edition AS later
    ON later.year_basis = told.year_basis AND later.year >= told.year
ORDER BY ALL
