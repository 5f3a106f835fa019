-- Requests for quotation by the week in which they were posted and in the report year: buyers'
-- demand, never inquiries received. Grain: edition, span, span_from.
-- Lists show a request for 15 days and stop at 2,000 rows: nights cut at the cap are counted, since
-- requests of the two weeks before them may be missing. A day is covered if a complete list was
-- delivered on it or within two weeks after it.
WITH night AS (
    SELECT DISTINCT night.export_date, night.status = 'partial' AS is_capped
    FROM staging.stg_night AS night
    JOIN lake.night_fields AS field
        ON field.field = 'quotes_left'
        AND field.dataset = night.dataset
        AND field.export_date = night.export_date
    WHERE night.dataset = 'inquiries' AND night.is_usable
),

dated AS (
    SELECT
        edition.edition,
        edition.year_basis,
        edition.year,
        edition.period_from,
        edition.period_to,
        max(night.export_date) AS as_of
    FROM marts.dim_edition AS edition
    LEFT JOIN night ON night.export_date BETWEEN edition.period_from AND edition.period_to
    GROUP BY ALL
),

covered_day AS (
    SELECT DISTINCT
        unnest(generate_series(export_date - 14, export_date, INTERVAL 1 DAY))::DATE AS covered_on
    FROM night
    WHERE NOT is_capped
),

request AS (
    SELECT
        inquiry_id,
        quotes_received,
        posted_on_platform,
        coalesce(posted_on_platform, first_seen_on) AS counted_on
    FROM staging.stg_message
    WHERE channel = 'rfq'
),

period AS (
    SELECT edition, 'year' AS span, period_from AS span_from, period_to AS span_to
    FROM dated
    UNION ALL
    SELECT DISTINCT
        dated.edition,
        'week',
        week_of(request.posted_on_platform),
        week_of(request.posted_on_platform) + 6
    FROM dated
    JOIN request
        ON week_of(request.posted_on_platform) + 6
        BETWEEN dated.period_from AND dated.period_to
        AND request.posted_on_platform <= dated.as_of
),

part AS (
    SELECT
        period.span,
        period.span_from,
        period.span_to,
        dated.*,
        (
            SELECT string_agg(night.export_date::VARCHAR, ', ' ORDER BY night.export_date)
            FROM night
            WHERE night.is_capped
                AND night.export_date BETWEEN period.span_from AND period.span_to + 14
                AND night.export_date <= dated.as_of
        ) AS capped_nights,
        period.span_to - period.span_from + 1 AS days,
        (
            SELECT count(*)
            FROM covered_day
            WHERE covered_day.covered_on BETWEEN period.span_from AND period.span_to
                AND covered_day.covered_on <= dated.as_of
        ) AS days_covered
    FROM period
    JOIN dated USING (edition)
),

counted AS (
    SELECT
        part.edition,
        part.span,
        part.span_from,
        count(request.inquiry_id) FILTER (WHERE request.posted_on_platform IS NOT NULL) AS rfqs,
        sum(request.quotes_received) FILTER (WHERE request.posted_on_platform IS NOT NULL)::BIGINT
            AS quotes,
        count(request.quotes_received) FILTER (WHERE request.posted_on_platform IS NOT NULL)
            AS rfqs_told,
        count(*) FILTER (
            WHERE request.posted_on_platform IS NOT NULL AND request.quotes_received = 10
        ) AS filled,
        count(request.posted_on_platform) / nullif(count(request.inquiry_id), 0) AS coverage
    FROM part
    LEFT JOIN request
        ON request.counted_on BETWEEN part.span_from AND part.span_to
        AND request.counted_on <= part.as_of
    GROUP BY part.edition, part.span, part.span_from
)

SELECT
    part.edition,
    part.year_basis,
    part.year,
    part.as_of,
    part.period_from,
    part.period_to,
    bool_or(part.span = 'year' AND part.days_covered < part.days) OVER (PARTITION BY part.edition)
        AS is_partial,
    part.span,
    part.span_from,
    part.span_to,
    part.days,
    part.days_covered,
    part.capped_nights,
    CASE WHEN part.as_of IS NOT NULL THEN counted.rfqs END AS rfqs,
    CASE WHEN part.as_of IS NOT NULL THEN counted.rfqs END AS rfqs_numerator,
    NULL::BIGINT AS rfqs_denominator,
    CASE WHEN part.as_of IS NOT NULL THEN counted.coverage END AS rfqs_coverage,
    CASE WHEN part.as_of IS NULL THEN 'x' END AS rfqs_symbol,
    counted.quotes / nullif(counted.rfqs_told, 0) AS quotes_per_rfq,
    counted.quotes AS quotes_per_rfq_numerator,
    nullif(counted.rfqs_told, 0) AS quotes_per_rfq_denominator,
    nullif(counted.rfqs_told, 0) / nullif(counted.rfqs, 0) AS quotes_per_rfq_coverage,
    CASE WHEN counted.rfqs_told = 0 THEN 'x' END AS quotes_per_rfq_symbol,
    counted.filled / nullif(counted.rfqs_told, 0) AS filled_share,
    CASE WHEN counted.rfqs_told > 0 THEN counted.filled END AS filled_share_numerator,
    nullif(counted.rfqs_told, 0) AS filled_share_denominator,
    nullif(counted.rfqs_told, 0) / nullif(counted.rfqs, 0) AS filled_share_coverage,
    CASE WHEN counted.rfqs_told = 0 THEN 'x' END AS filled_share_symbol
FROM part
JOIN counted USING (edition, span, span_from)
ORDER BY part.edition, part.span, part.span_from
