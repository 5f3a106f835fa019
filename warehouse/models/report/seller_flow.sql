-- New, churned, kept and returned sellers of each edition. Grain: edition.
-- If too few joined, stayed or left, all are withheld: the paid sellers before and after would
-- disclose one. Kept and churned sellers are those of the opening census. Returned ones are what the
-- others leave of the paid sellers at the end, less new ones that left again: how many either are is
-- not told, because with the tables by city it would disclose the few of a city.
WITH flow AS (
    SELECT
        edition,
        count(*) FILTER (WHERE flow <> 'new') AS at_start,
        count(*) FILTER (WHERE flow = 'new') AS new,
        count(*) FILTER (WHERE flow = 'gone') AS gone
    FROM staging.stg_seller_flow
    GROUP BY edition
),

figure AS (
    SELECT
        frame.*,
        symbol_of(frame.is_available, hidden.cell IS NOT NULL) AS symbol,
        shown(coalesce(flow.at_start, 0), symbol) AS at_start,
        shown(coalesce(flow.new, 0), symbol) AS new,
        shown(coalesce(flow.gone, 0), symbol) AS gone,
        CASE WHEN paid.cell IS NOT NULL THEN coalesce(symbol, 'c') ELSE symbol END
            AS returned_symbol,
        shown(
            closing.paid_sellers
            - (coalesce(flow.at_start, 0) - coalesce(flow.gone, 0) + coalesce(flow.new, 0)),
            returned_symbol
        ) AS returned,
        shown(opening.coverage, symbol) AS opening_coverage,
        shown(closing.coverage, symbol) AS closing_coverage
    FROM staging.stg_flow_frame AS frame
    LEFT JOIN flow USING (edition)
    LEFT JOIN staging.stg_census AS opening ON opening.snapshot_date = frame.opened_on
    LEFT JOIN staging.stg_census AS closing ON closing.snapshot_date = frame.as_of
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = frame.figure AND hidden.edition = frame.edition AND hidden.cell = ''
    LEFT JOIN disclosure.suppressed AS paid
        ON paid.figure = 'paid_sellers' AND paid.edition = frame.edition AND paid.cell = ''
    WHERE frame.figure = 'seller_flow'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    days, days_covered,
    opened_on,
    (
        SELECT min(export_date) FROM staging.stg_night WHERE dataset = 'sellers' AND is_good
    ) AS history_from,
    at_start AS sellers_at_start,
    at_start AS sellers_at_start_numerator,
    NULL::BIGINT AS sellers_at_start_denominator,
    opening_coverage AS sellers_at_start_coverage,
    symbol AS sellers_at_start_symbol,
    new AS new_sellers,
    new AS new_sellers_numerator,
    NULL::BIGINT AS new_sellers_denominator,
    closing_coverage AS new_sellers_coverage,
    symbol AS new_sellers_symbol,
    gone AS churned_sellers,
    gone AS churned_sellers_numerator,
    NULL::BIGINT AS churned_sellers_denominator,
    opening_coverage AS churned_sellers_coverage,
    symbol AS churned_sellers_symbol,
    returned AS returned_sellers,
    returned AS returned_sellers_numerator,
    NULL::BIGINT AS returned_sellers_denominator,
    shown(closing_coverage, returned_symbol) AS returned_sellers_coverage,
    returned_symbol AS returned_sellers_symbol,
    (at_start - gone) / nullif(at_start, 0) AS retention,
    CASE WHEN at_start > 0 THEN at_start - gone END AS retention_numerator,
    nullif(at_start, 0) AS retention_denominator,
    CASE WHEN at_start > 0 THEN opening_coverage END AS retention_coverage,
    CASE WHEN at_start = 0 THEN 'x' ELSE symbol END AS retention_symbol
FROM figure
ORDER BY year_basis DESC, year
