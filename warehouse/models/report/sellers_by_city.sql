-- Share of paid sellers by city, of those whose city is known.
-- Grain: edition, city_key. The unknown class is published as its own row, as a share of all.
SELECT
    share.edition,
    share.year_basis,
    share.as_of,
    share.period_from,
    share.period_to,
    share.is_partial,
    coalesce(share.cell, 'unknown') AS city_key,
    CASE
        WHEN share.cell = 'not_available' THEN 'Not available'
        ELSE coalesce(city.city, share.cell, 'Unknown')
    END AS city,
    share.share,
    share.share_of_all,
    share.share_of_known,
    share.numerator,
    share.denominator,
    share.coverage,
    share.symbol
FROM staging.stg_share AS share
LEFT JOIN marts.dim_city AS city ON city.city_key = share.cell
WHERE share.report_table = 'sellers_by_city'
ORDER BY share.year_basis DESC, share.edition, share.numerator DESC NULLS LAST, city_key
