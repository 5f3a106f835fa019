-- New sellers of the year before by channel partner, with their retention and inquiries.
-- Grain: edition, channel_partner. A cohort is shown once all its sellers have had twelve months. Until
-- then, if new sellers are unknown, or if the whole table is withheld, an edition has one row,
-- `not_available`. If few stayed, left or received inquiries, only that measure is withheld, because no
-- table adds it up over partners.
WITH cohort AS (
    SELECT
        edition,
        channel_partner,
        count(*) AS new_sellers,
        count(*) FILTER (WHERE is_kept) AS kept,
        sum(inquiries)::BIGINT AS inquiries
    FROM staging.stg_cohort_seller
    GROUP BY edition, channel_partner
),

total AS (
    SELECT
        edition,
        sum(new_sellers) FILTER (WHERE channel_partner <> 'direct') / sum(new_sellers) AS coverage
    FROM cohort
    GROUP BY edition
),

-- The days from the cohort's first day to the end of the last seller's twelve months.
span AS (
    SELECT
        edition,
        (period_from - INTERVAL 1 YEAR)::DATE AS cohort_from,
        period_to - (period_from - INTERVAL 1 YEAR)::DATE AS days,
        count(covered_on) AS days_covered,
        -- Inquiries count only if they were delivered from the cohort's first day to the last.
        as_of >= period_to - 1 AND (
            SELECT min(export_date)
            FROM staging.stg_night
            WHERE dataset = 'inquiries' AND is_good
        ) <= cohort_from AS is_told
    FROM staging.stg_edition
    LEFT JOIN staging.stg_covered_day
        ON covered_on >= period_from - INTERVAL 1 YEAR
        AND covered_on < period_to
        AND covered_on <= as_of
    WHERE dataset = 'inquiries'
    GROUP BY edition, period_from, period_to, as_of
),

figure AS (
    SELECT
        frame.* EXCLUDE (days, days_covered),
        span.* EXCLUDE (edition, is_told),
        cohort.* EXCLUDE (edition),
        total.coverage,
        coalesce(asked.is_available AND span.is_told, false) AS has_inquiries,
        symbol_of(
            frame.is_available AND (cohort.edition IS NOT NULL OR whole.cell IS NOT NULL),
            whole.cell IS NOT NULL OR few.cell IS NOT NULL
        ) AS symbol,
        CASE WHEN small_kept.cell IS NOT NULL THEN coalesce(symbol, 'c') ELSE symbol END AS kept_symbol,
        CASE
            WHEN small_asked.cell IS NOT NULL THEN coalesce(symbol, 'c')
            WHEN NOT has_inquiries THEN coalesce(symbol, 'x')
            ELSE symbol
        END AS asked_symbol
    FROM staging.stg_frame AS frame
    JOIN staging.stg_frame AS asked
        ON asked.edition = frame.edition AND asked.figure = 'partner_cohort_inquiries'
    JOIN span ON span.edition = frame.edition
    LEFT JOIN disclosure.suppressed AS whole
        ON whole.figure = frame.figure AND whole.edition = frame.edition AND whole.cell = ''
    LEFT JOIN cohort
        ON cohort.edition = frame.edition AND frame.is_available AND whole.cell IS NULL
    LEFT JOIN total ON total.edition = cohort.edition
    LEFT JOIN disclosure.suppressed AS few
        ON few.figure = frame.figure
        AND few.edition = frame.edition
        AND few.cell = cohort.channel_partner
    LEFT JOIN disclosure.suppressed AS small_kept
        ON small_kept.figure = 'retention_12m'
        AND small_kept.edition = frame.edition
        AND small_kept.cell = cohort.channel_partner
    LEFT JOIN disclosure.suppressed AS small_asked
        ON small_asked.figure = asked.figure
        AND small_asked.edition = frame.edition
        AND small_asked.cell = cohort.channel_partner
    WHERE frame.figure = 'partner_cohorts'
)

SELECT
    edition,
    year_basis,
    year,
    as_of,
    period_from,
    period_to,
    is_partial OR (has_inquiries AND days_covered < days) AS is_partial,
    cohort_from,
    period_from - 1 AS cohort_to,
    days,
    days_covered,
    coalesce(channel_partner, 'not_available') AS channel_partner,
    shown(new_sellers, symbol) AS new_sellers,
    shown(new_sellers, symbol) AS new_sellers_numerator,
    NULL::BIGINT AS new_sellers_denominator,
    coverage AS new_sellers_coverage,
    symbol AS new_sellers_symbol,
    shown(kept / new_sellers, kept_symbol) AS retention_12m,
    shown(kept, kept_symbol) AS retention_12m_numerator,
    shown(new_sellers, kept_symbol) AS retention_12m_denominator,
    coverage AS retention_12m_coverage,
    kept_symbol AS retention_12m_symbol,
    shown(inquiries / new_sellers, asked_symbol) AS inquiries_per_seller,
    shown(inquiries, asked_symbol) AS inquiries_per_seller_numerator,
    shown(new_sellers, asked_symbol) AS inquiries_per_seller_denominator,
    coverage AS inquiries_per_seller_coverage,
    asked_symbol AS inquiries_per_seller_symbol
FROM figure
ORDER BY year_basis DESC, year, new_sellers DESC NULLS LAST, channel_partner
