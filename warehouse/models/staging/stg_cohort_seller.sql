-- Sellers that joined in the year before the edition's, each a year after joining.
-- Grain: edition, seller_id. Only for complete cohorts: their year opened with a census, so that
-- returning sellers are known, and the edition's year is over, so that all had twelve months.
-- Paid a year on: a membership covers the same date. Inquiries are those of months 1 to 12.
WITH cohort AS (
    SELECT
        edition.edition,
        edition.sellers_as_of,
        (edition.period_from - INTERVAL 1 YEAR)::DATE AS cohort_from,
        edition.period_from - 1 AS cohort_to
    FROM marts.dim_edition AS edition
    JOIN marts.dim_edition AS before
        ON before.year_basis = edition.year_basis AND before.year = edition.year - 1
    JOIN staging.stg_opening_night AS night ON night.edition = before.edition
    WHERE edition.sellers_as_of = edition.period_to
),

joined AS (
    SELECT
        cohort.edition,
        cohort.sellers_as_of,
        first_paid.seller_id,
        first_paid.channel_partner,
        first_paid.first_paid_on,
        (first_paid.first_paid_on + INTERVAL 1 YEAR)::DATE AS year_on
    FROM cohort
    JOIN staging.stg_first_paid AS first_paid
        ON first_paid.edition = cohort.edition
        AND first_paid.first_paid_on BETWEEN cohort.cohort_from AND cohort.cohort_to
),

kept AS (
    SELECT DISTINCT joined.edition, joined.seller_id
    FROM joined
    JOIN marts.dim_seller AS seller
        ON seller.seller_id = joined.seller_id
        AND seller.valid_from_on <= joined.sellers_as_of
        AND joined.year_on BETWEEN seller.paid_from_on AND seller.paid_to_on
),

asked AS (
    SELECT joined.edition, joined.seller_id, count(*) AS inquiries
    FROM joined
    JOIN staging.stg_message AS inquiry
        ON inquiry.seller_id = joined.seller_id
        AND inquiry.channel = 'inquiry'
        AND inquiry.is_spam IS NOT true
        AND inquiry.posted_on_local BETWEEN joined.first_paid_on AND joined.year_on - 1
    GROUP BY joined.edition, joined.seller_id
)

SELECT
    joined.edition,
    joined.seller_id,
    joined.channel_partner,
    kept.seller_id IS NOT NULL AS is_kept,
    coalesce(asked.inquiries, 0) AS inquiries
FROM joined
LEFT JOIN kept ON kept.edition = joined.edition AND kept.seller_id = joined.seller_id
LEFT JOIN asked ON asked.edition = joined.edition AND asked.seller_id = joined.seller_id
ORDER BY joined.edition, joined.seller_id
