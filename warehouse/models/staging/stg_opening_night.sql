-- An edition's opening census: the last good night in the week before its first day.
-- Grain: edition; no row if that week has none, because a missing census is not an empty market.
SELECT edition.edition, max(night.export_date) AS opened_on
FROM marts.dim_edition AS edition
JOIN staging.stg_night AS night
    ON night.dataset = 'sellers'
    AND night.is_good
    AND night.has_membership
    AND night.export_date BETWEEN edition.period_from - 7 AND edition.period_from - 1
GROUP BY edition.edition
ORDER BY edition.edition
