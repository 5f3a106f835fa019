-- Share of inquiries by the buyer's country, of those whose country is known.
-- Grain: edition, buyer_country_iso2. The unknown class is published as its own row, as a share of all.
SELECT * EXCLUDE (figure, cell, label) RENAME (key AS buyer_country_iso2)
FROM staging.stg_share
WHERE figure = 'inquiries_by_country'
ORDER BY year_basis DESC, edition, numerator DESC NULLS LAST, buyer_country_iso2
