-- New, churned and kept sellers of each edition. Grain: edition.
-- Where too few came, stayed or left, all of it is withheld: the paid sellers before and after would
-- give one away. Kept and churned are those of the paid sellers of the opening census; without one nothing is known.
WITH flow AS (
    SELECT
        edition,
        count(*) FILTER (WHERE NOT is_new) AS at_start,
        count(*) FILTER (WHERE is_new) AS new,
        count(*) FILTER (WHERE is_churned) AS churned
    FROM staging.stg_seller_flow
    GROUP BY edition
),

census AS (
    SELECT snapshot_date, count(country_iso2) / count(*) AS coverage
    FROM staging.stg_census_seller
    GROUP BY snapshot_date
),

figure AS (
    SELECT
        edition.edition,
        edition.year_basis,
        edition.year,
        edition.sellers_as_of AS as_of,
        edition.period_from,
        edition.period_to,
        edition.period_to - edition.period_from + 1 AS days,
        CASE WHEN night.opened_on IS NULL THEN 0 ELSE edition.sellers_as_of - edition.period_from + 1 END
            AS days_covered,
        days_covered < days AS is_partial,
        night.opened_on,
        night.opened_on IS NOT NULL AND total.is_withheld IS NOT true AS is_shown,
        night.opened_on IS NOT NULL AND coalesce(total.is_withheld, false) AS is_withheld,
        CASE WHEN is_shown THEN coalesce(flow.at_start, 0) END AS at_start,
        CASE WHEN is_shown THEN coalesce(flow.new, 0) END AS new,
        CASE WHEN is_shown THEN coalesce(flow.churned, 0) END AS churned,
        CASE WHEN is_shown THEN opening.coverage END AS opening_coverage,
        CASE WHEN is_shown THEN closing.coverage END AS closing_coverage
    FROM marts.dim_edition AS edition
    LEFT JOIN staging.stg_available AS available
        ON available.edition = edition.edition AND available.figure = 'seller_flow'
    LEFT JOIN staging.stg_opening_night AS night
        ON available.is_available AND night.edition = edition.edition
    LEFT JOIN staging.stg_total AS total
        ON total.edition = edition.edition AND total.figure = 'seller_flow'
    LEFT JOIN flow ON flow.edition = edition.edition
    LEFT JOIN census AS opening ON opening.snapshot_date = night.opened_on
    LEFT JOIN census AS closing ON closing.snapshot_date = edition.sellers_as_of
)

SELECT
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial,
    days,
    days_covered,
    opened_on,
    (
        SELECT min(export_date) FROM staging.stg_night WHERE dataset = 'sellers' AND is_good
    ) AS history_from,
    at_start AS sellers_at_start,
    at_start AS sellers_at_start_numerator,
    NULL::BIGINT AS sellers_at_start_denominator,
    opening_coverage AS sellers_at_start_coverage,
    CASE WHEN is_withheld THEN 'c' WHEN at_start IS NULL THEN 'x' END
        AS sellers_at_start_symbol,
    new AS new_sellers,
    new AS new_sellers_numerator,
    NULL::BIGINT AS new_sellers_denominator,
    closing_coverage AS new_sellers_coverage,
    CASE WHEN is_withheld THEN 'c' WHEN new IS NULL THEN 'x' END
        AS new_sellers_symbol,
    churned AS churned_sellers,
    churned AS churned_sellers_numerator,
    NULL::BIGINT AS churned_sellers_denominator,
    opening_coverage AS churned_sellers_coverage,
    CASE WHEN is_withheld THEN 'c' WHEN churned IS NULL THEN 'x' END
        AS churned_sellers_symbol,
    (at_start - churned) / nullif(at_start, 0) AS retention,
    CASE WHEN at_start > 0 THEN at_start - churned END AS retention_numerator,
    nullif(at_start, 0) AS retention_denominator,
    CASE WHEN at_start > 0 THEN opening_coverage END AS retention_coverage,
    CASE WHEN is_withheld THEN 'c' WHEN (at_start > 0) IS NOT true THEN 'x' END
        AS retention_symbol
FROM figure
ORDER BY year_basis DESC, year
