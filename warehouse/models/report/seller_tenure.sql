-- Share of verified paid sellers, and how long sellers have paid. Grain: edition.
-- Years count from the first day of the membership: the badge states whole years only.
WITH paid AS (
    SELECT
        edition,
        count(*) AS sellers,
        count(is_verified) AS known,
        count(*) FILTER (WHERE is_verified) AS verified,
        count(paid_days) AS dated,
        median(paid_days) / 365.2425 AS years
    FROM staging.stg_paid_seller
    GROUP BY edition
),

figure AS (
    SELECT
        frame.*,
        paid.* EXCLUDE (edition),
        symbol_of(badge.is_available AND known > 0, small_badge.cell IS NOT NULL) AS badge_symbol,
        symbol_of(frame.is_available AND dated > 0, total.cell IS NOT NULL) AS tenure_symbol,
        badge.is_available AND known > 0 AND total.cell IS NULL AS is_badge_total_shown
    FROM staging.stg_frame AS frame
    JOIN staging.stg_frame AS badge
        ON badge.edition = frame.edition AND badge.figure = 'verified_share'
    LEFT JOIN paid ON paid.edition = frame.edition
    LEFT JOIN disclosure.suppressed AS small_badge
        ON small_badge.figure = badge.figure
        AND small_badge.edition = frame.edition
        AND small_badge.cell = ''
    LEFT JOIN disclosure.suppressed AS total
        ON total.figure = 'paid_sellers' AND total.edition = frame.edition AND total.cell = ''
    WHERE frame.figure = 'median_tenure_years'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    shown(verified / known, badge_symbol) AS verified_share,
    shown(verified, badge_symbol) AS verified_share_numerator,
    CASE WHEN is_badge_total_shown THEN known END AS verified_share_denominator,
    CASE WHEN is_badge_total_shown THEN known / sellers END AS verified_share_coverage,
    badge_symbol AS verified_share_symbol,
    shown(years, tenure_symbol) AS median_tenure_years,
    shown(dated, tenure_symbol) AS median_tenure_years_numerator,
    shown(sellers, tenure_symbol) AS median_tenure_years_denominator,
    shown(dated / sellers, tenure_symbol) AS median_tenure_years_coverage,
    tenure_symbol AS median_tenure_years_symbol
FROM figure
ORDER BY year_basis DESC, year
