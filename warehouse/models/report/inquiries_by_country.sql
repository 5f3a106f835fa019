-- Share of inquiries by the buyer's country, of those whose country is known.
-- Grain: edition, buyer_country_iso2. The unknown class is published as its own row, as a share of all.
SELECT
    share.edition,
    share.year_basis,
    share.as_of,
    share.period_from,
    share.period_to,
    share.is_partial,
    share.days,
    share.days_covered,
    coalesce(share.cell, 'unknown') AS buyer_country_iso2,
    share.share,
    share.share_of_all,
    share.share_of_known,
    share.numerator,
    share.denominator,
    share.coverage,
    share.symbol
FROM staging.stg_share AS share
WHERE share.report_table = 'inquiries_by_country'
ORDER BY share.year_basis DESC, share.edition, share.numerator DESC NULLS LAST, buyer_country_iso2
