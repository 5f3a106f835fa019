-- What every report table states about a figure: its edition, date and period, and whether the exports
-- hold what it needs. Grain: edition, figure.
-- Inquiries are counted over the days of the year, sellers and listings on one night.
SELECT
    edition.edition,
    figure.figure,
    edition.year_basis,
    edition.year,
    edition.as_of,
    edition.period_from,
    edition.period_to,
    coalesce(covered.is_partial, edition.is_partial) AS is_partial,
    covered.days,
    covered.days_covered,
    coalesce(available.is_available, false) AS is_available
FROM lake.figures AS figure
JOIN staging.stg_edition AS edition USING (dataset)
LEFT JOIN staging.stg_available AS available USING (edition, figure)
LEFT JOIN staging.stg_inquiry_period AS covered
    ON covered.edition = edition.edition AND covered.span = 'year' AND figure.dataset = 'inquiries'
ORDER BY edition.edition, figure.figure
