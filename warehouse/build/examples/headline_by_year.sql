-- How did the headline figures move over the fiscal years, on which date does each stand, and how
-- many days of each year does a delivery of inquiries cover?
SELECT
    headline.metric,
    headline.edition,
    headline.as_of,
    headline.value,
    headline.coverage,
    headline.symbol,
    flow.days_covered,
    flow.days
FROM outlook.report.headline AS headline
LEFT JOIN outlook.report.inquiry_year AS flow
    ON flow.edition = headline.edition AND headline.metric = 'inquiries'
WHERE headline.year_basis = 'fiscal'
ORDER BY headline.metric, headline.edition
