-- New sellers of the year before by the partner that brought them in, and what became of them.
-- Grain: edition, channel_partner. A cohort is told once all of it has had twelve months; before, or
-- where nobody knows who was new, an edition has one row, `not_available`; where the whole table is
-- withheld, too.
WITH total AS (
    SELECT
        edition,
        sum(new_sellers) FILTER (WHERE channel_partner <> 'direct') / sum(new_sellers) AS coverage
    FROM staging.stg_cohort
    WHERE is_table_withheld IS NOT true
    GROUP BY edition
),

-- The days from the cohort's first to the last of anybody's twelve months.
span AS (
    SELECT
        dim_edition.edition,
        dim_edition.period_to - (dim_edition.period_from - INTERVAL 1 YEAR)::DATE AS days,
        count(day.covered_on) AS days_covered
    FROM marts.dim_edition
    LEFT JOIN staging.stg_covered_day AS day
        ON day.covered_on >= dim_edition.period_from - INTERVAL 1 YEAR
        AND day.covered_on < dim_edition.period_to
        AND day.covered_on <= dim_edition.inquiries_as_of
    GROUP BY dim_edition.edition, dim_edition.period_from, dim_edition.period_to
),

figure AS (
    SELECT
        dim_edition.edition,
        dim_edition.year_basis,
        dim_edition.year,
        dim_edition.sellers_as_of AS as_of,
        dim_edition.period_from,
        dim_edition.period_to,
        dim_edition.sellers_as_of IS NULL
        OR dim_edition.sellers_as_of < dim_edition.period_to AS is_partial,
        span.days,
        span.days_covered,
        cohort.channel_partner,
        CASE WHEN NOT cohort.is_withheld THEN cohort.new_sellers END AS new_sellers,
        CASE WHEN NOT cohort.is_retention_withheld THEN cohort.kept END AS kept,
        -- Inquiries count only if they were delivered from the cohort's first day to the last.
        coalesce(
            asked.is_available
            AND dim_edition.inquiries_as_of >= dim_edition.period_to - 1
            AND first_inquiries.export_date <= dim_edition.period_from - INTERVAL 1 YEAR,
            false
        ) AS has_inquiries,
        CASE
            WHEN has_inquiries AND cohort.is_inquiries_withheld IS NOT true THEN cohort.inquiries
        END AS inquiries,
        total.coverage,
        CASE
            WHEN closed.edition IS NOT NULL THEN 'c'
            WHEN cohort.edition IS NULL THEN 'x'
            WHEN cohort.is_withheld THEN 'c'
        END AS symbol,
        cohort.is_inquiries_withheld,
        CASE
            WHEN closed.edition IS NOT NULL THEN 'c'
            WHEN cohort.edition IS NULL THEN 'x'
            WHEN cohort.is_retention_withheld THEN 'c'
        END AS retention_symbol
    FROM marts.dim_edition
    JOIN span ON span.edition = dim_edition.edition
    LEFT JOIN staging.stg_available AS available
        ON available.edition = dim_edition.edition AND available.figure = 'partner_cohorts'
    LEFT JOIN staging.stg_available AS asked
        ON asked.edition = dim_edition.edition AND asked.figure = 'partner_cohort_inquiries'
    LEFT JOIN staging.stg_cohort AS cohort
        ON available.is_available
        AND cohort.edition = dim_edition.edition
        AND cohort.is_table_withheld IS NOT true
    LEFT JOIN (SELECT DISTINCT edition FROM staging.stg_cohort WHERE is_table_withheld) AS closed
        ON available.is_available AND closed.edition = dim_edition.edition
    LEFT JOIN total ON total.edition = cohort.edition
    CROSS JOIN (
        SELECT min(export_date) AS export_date
        FROM staging.stg_night
        WHERE dataset = 'inquiries' AND is_good
    ) AS first_inquiries
)

SELECT
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial OR (has_inquiries AND days_covered < days) AS is_partial,
    (period_from - INTERVAL 1 YEAR)::DATE AS cohort_from,
    period_from - 1 AS cohort_to,
    days,
    days_covered,
    coalesce(channel_partner, 'not_available') AS channel_partner,
    new_sellers,
    new_sellers AS new_sellers_numerator,
    NULL::BIGINT AS new_sellers_denominator,
    coverage AS new_sellers_coverage,
    symbol AS new_sellers_symbol,
    kept / new_sellers AS retention_12m,
    kept AS retention_12m_numerator,
    CASE WHEN kept IS NOT NULL THEN new_sellers END AS retention_12m_denominator,
    coverage AS retention_12m_coverage,
    retention_symbol AS retention_12m_symbol,
    inquiries / new_sellers AS inquiries_per_seller,
    inquiries AS inquiries_per_seller_numerator,
    CASE WHEN inquiries IS NOT NULL THEN new_sellers END AS inquiries_per_seller_denominator,
    coverage AS inquiries_per_seller_coverage,
    CASE
        WHEN symbol IS NULL AND is_inquiries_withheld THEN 'c'
        WHEN symbol IS NULL AND inquiries IS NULL THEN 'x'
        ELSE symbol
    END
        AS inquiries_per_seller_symbol
FROM figure
ORDER BY year_basis DESC, year, new_sellers DESC NULLS LAST, channel_partner
