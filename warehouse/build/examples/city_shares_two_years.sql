-- Which cities gained or lost share of paid sellers on the year before, in percentage points?
-- A year before that withholds the city or was not counted has no share to compare with.
SELECT
    this.edition,
    this.city,
    this.share,
    last.share AS share_last_year,
    100 * (this.share - last.share) AS points
FROM outlook.report.sellers_by_city AS this
JOIN outlook.marts.dim_edition AS edition ON edition.edition = this.edition
LEFT JOIN outlook.marts.dim_edition AS before
    ON before.year_basis = edition.year_basis AND before.year = edition.year - 1
LEFT JOIN outlook.report.sellers_by_city AS last
    ON last.edition = before.edition AND last.city_key = this.city_key
WHERE this.year_basis = 'fiscal' AND this.share IS NOT NULL
ORDER BY this.edition, this.share DESC
