-- Sellers that joined in the year before an edition's, by the partner that brought them in.
-- Grain: edition, channel_partner. A partner of few sellers is withheld as everywhere; where few
-- stayed, left or were asked, only that is, for no table adds it up over the partners.
WITH cohort AS (
    SELECT
        seller.edition,
        seller.channel_partner,
        count(*) AS new_sellers,
        count(*) FILTER (WHERE seller.is_kept) AS kept,
        sum(seller.inquiries)::BIGINT AS inquiries,
        coalesce(least(
            nullif(count(*) FILTER (WHERE seller.is_kept), 0),
            nullif(count(*) FILTER (WHERE NOT seller.is_kept), 0)
        ) < (SELECT smallest_cell FROM lake.market), false) AS is_small,
        count(*) FILTER (WHERE seller.inquiries > 0)
        BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1 AS is_asked_small
    FROM staging.stg_cohort_seller AS seller
    GROUP BY seller.edition, seller.channel_partner
)

SELECT
    cohort.edition,
    cohort.channel_partner,
    cohort.new_sellers,
    cohort.kept,
    cohort.inquiries,
    cell.is_withheld,
    cell.is_withheld OR cohort.is_small AS is_retention_withheld,
    cell.is_withheld OR cohort.is_asked_small AS is_inquiries_withheld,
    cell.is_table_withheld
FROM cohort
JOIN staging.stg_cell AS cell
    ON cell.report_table = 'partner_cohorts'
    AND cell.edition = cohort.edition
    AND cell.cell = cohort.channel_partner
ORDER BY cohort.edition, cohort.channel_partner
