-- Sellers that joined in the year before an edition's, by the partner that brought them in.
-- Grain: edition, channel_partner. A partner of few sellers is withheld as everywhere; where few
-- stayed or few left, only that is, for no table adds it up over the partners.
SELECT
    seller.edition,
    seller.channel_partner,
    count(*) AS new_sellers,
    count(*) FILTER (WHERE seller.is_kept) AS kept,
    sum(seller.inquiries)::BIGINT AS inquiries,
    any_value(cell.is_withheld) AS is_withheld,
    any_value(cell.is_withheld)
    OR count(*) FILTER (WHERE seller.is_kept) BETWEEN 1 AND any_value(limits.smallest_cell) - 1
    OR count(*) FILTER (WHERE NOT seller.is_kept) BETWEEN 1 AND any_value(limits.smallest_cell) - 1
        AS is_retention_withheld
FROM staging.stg_cohort_seller AS seller
CROSS JOIN lake.market AS limits
JOIN staging.stg_cell AS cell
    ON cell.report_table = 'partner_cohorts'
    AND cell.edition = seller.edition
    AND cell.cell = seller.channel_partner
GROUP BY seller.edition, seller.channel_partner
ORDER BY seller.edition, seller.channel_partner
