-- How many paid sellers are verified, and how long they have paid. Grain: edition.
-- Years go from the first day of the membership: the badge states whole years only.
WITH paid AS (
    SELECT
        snapshot_date,
        count(*) AS sellers,
        count(is_verified) AS known,
        count(*) FILTER (WHERE is_verified) AS verified,
        count(paid_from_on) AS dated,
        median(snapshot_date - paid_from_on) / 365.2425 AS years
    FROM staging.stg_census_seller
    WHERE is_paid
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
        edition.sellers_as_of IS NULL OR edition.sellers_as_of < edition.period_to AS is_partial,
        coalesce(badge.is_available AND paid.known > 0, false) AS has_badge,
        coalesce(tenure.is_available AND paid.dated > 0, false) AS has_tenure,
        coalesce(
            least(nullif(paid.verified, 0), nullif(paid.known - paid.verified, 0))
            < market.smallest_cell,
            false
        ) AS is_badge_small,
        paid.sellers < market.smallest_cell OR paid.dated < market.smallest_cell AS is_small,
        paid.*
    FROM marts.dim_edition AS edition
    CROSS JOIN lake.market AS market
    LEFT JOIN staging.stg_available AS badge
        ON badge.edition = edition.edition AND badge.figure = 'verified_share'
    LEFT JOIN staging.stg_available AS tenure
        ON tenure.edition = edition.edition AND tenure.figure = 'median_tenure_years'
    LEFT JOIN paid ON paid.snapshot_date = edition.sellers_as_of
)

SELECT
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial,
    CASE WHEN has_badge AND NOT is_badge_small THEN verified / nullif(known, 0) END AS verified_share,
    CASE WHEN has_badge AND NOT is_badge_small THEN verified END AS verified_share_numerator,
    CASE WHEN has_badge AND NOT is_small THEN known END AS verified_share_denominator,
    CASE WHEN has_badge AND NOT is_small THEN known / sellers END AS verified_share_coverage,
    CASE WHEN NOT has_badge THEN 'x' WHEN is_badge_small THEN 'c' END
        AS verified_share_symbol,
    CASE WHEN has_tenure AND NOT is_small THEN years END AS median_tenure_years,
    CASE WHEN has_tenure AND NOT is_small THEN dated END AS median_tenure_years_numerator,
    CASE WHEN has_tenure AND NOT is_small THEN sellers END AS median_tenure_years_denominator,
    CASE WHEN has_tenure AND NOT is_small THEN dated / sellers END AS median_tenure_years_coverage,
    CASE WHEN NOT has_tenure THEN 'x' WHEN is_small THEN 'c' END
        AS median_tenure_years_symbol
FROM figure
ORDER BY year_basis DESC, year
