-- Sellers that joined in the year before an edition's, by the partner that brought them in.
-- Grain: edition, channel_partner. A partner of few sellers is withheld as everywhere; where few
-- stayed, left or were asked, in this or an overlapping edition's cohort, only that is, for no table
-- adds it up over the partners.
WITH cohort AS (
    SELECT
        seller.edition,
        seller.channel_partner,
        edition.period_from,
        edition.period_to,
        count(*) AS new_sellers,
        count(*) FILTER (WHERE seller.is_kept) AS kept,
        sum(seller.inquiries)::BIGINT AS inquiries,
        least(
            nullif(count(*) FILTER (WHERE seller.is_kept), 0),
            nullif(count(*) FILTER (WHERE NOT seller.is_kept), 0)
        ) < (SELECT smallest_cell FROM lake.market) AS is_small,
        count(*) FILTER (WHERE seller.inquiries > 0)
        BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1 AS is_asked_small
    FROM staging.stg_cohort_seller AS seller
    JOIN marts.dim_edition AS edition ON edition.edition = seller.edition
    GROUP BY seller.edition, seller.channel_partner, edition.period_from, edition.period_to
)

SELECT
    cohort.edition,
    cohort.channel_partner,
    cohort.new_sellers,
    cohort.kept,
    cohort.inquiries,
    cell.is_withheld,
    cell.is_withheld
    OR EXISTS (
        SELECT 1 FROM cohort AS other
        WHERE other.is_small
            AND other.channel_partner = cohort.channel_partner
            AND other.period_from <= cohort.period_to
            AND other.period_to >= cohort.period_from
    ) AS is_retention_withheld,
    cell.is_withheld
    OR EXISTS (
        SELECT 1 FROM cohort AS other
        WHERE other.is_asked_small
            AND other.channel_partner = cohort.channel_partner
            AND other.period_from <= cohort.period_to
            AND other.period_to >= cohort.period_from
    ) AS is_inquiries_withheld,
    cell.is_table_withheld
FROM cohort
JOIN staging.stg_cell AS cell
    ON cell.report_table = 'partner_cohorts'
    AND cell.edition = cohort.edition
    AND cell.cell = cohort.channel_partner
ORDER BY cohort.edition, cohort.channel_partner
