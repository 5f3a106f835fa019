-- Number of buyer countries per seller, for sellers with at least five inquiries.
-- Grain: edition. With two classes of sellers neither may be small, because one is the rest of the
-- other. Nor may the sellers with fewer inquiries: report.online_order_coverage shows all with any.
WITH counted AS (
    SELECT
        edition,
        count(*) AS sellers,
        sum(countries)::BIGINT AS countries,
        median(countries)::DOUBLE AS median_countries,
        count(*) FILTER (WHERE countries >= 10) AS wide,
        count(*) FILTER (WHERE continents >= 4) AS far,
        sum(inquiries_known) / sum(inquiries) AS coverage
    FROM staging.stg_reach
    WHERE is_reached
    GROUP BY edition
),

figure AS (
    SELECT
        frame.*,
        counted.* EXCLUDE (edition),
        symbol_of(frame.is_available AND sellers IS NOT NULL, hidden.cell IS NOT NULL) AS symbol,
        CASE WHEN wide_split.cell IS NOT NULL THEN coalesce(symbol, 'c') ELSE symbol END AS wide_symbol,
        CASE WHEN far_split.cell IS NOT NULL THEN coalesce(symbol, 'c') ELSE symbol END AS far_symbol
    FROM staging.stg_frame AS frame
    LEFT JOIN counted USING (edition)
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = frame.figure AND hidden.edition = frame.edition AND hidden.cell = ''
    LEFT JOIN disclosure.suppressed AS wide_split
        ON wide_split.figure = 'ten_countries_share' AND wide_split.edition = frame.edition
    LEFT JOIN disclosure.suppressed AS far_split
        ON far_split.figure = 'four_continents_share' AND far_split.edition = frame.edition
    WHERE frame.figure = 'destination_reach'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    days, days_covered,
    shown(countries / sellers, symbol) AS mean_countries,
    shown(countries, symbol) AS mean_countries_numerator,
    shown(sellers, symbol) AS mean_countries_denominator,
    shown(coverage, symbol) AS mean_countries_coverage,
    symbol AS mean_countries_symbol,
    shown(median_countries, symbol) AS median_countries,
    shown(sellers, symbol) AS median_countries_numerator,
    NULL::BIGINT AS median_countries_denominator,
    shown(coverage, symbol) AS median_countries_coverage,
    symbol AS median_countries_symbol,
    shown(wide / sellers, wide_symbol) AS ten_countries_share,
    shown(wide, wide_symbol) AS ten_countries_share_numerator,
    shown(sellers, symbol) AS ten_countries_share_denominator,
    shown(coverage, symbol) AS ten_countries_share_coverage,
    wide_symbol AS ten_countries_share_symbol,
    shown(far / sellers, far_symbol) AS four_continents_share,
    shown(far, far_symbol) AS four_continents_share_numerator,
    shown(sellers, symbol) AS four_continents_share_denominator,
    shown(coverage, symbol) AS four_continents_share_coverage,
    far_symbol AS four_continents_share_symbol
FROM figure
ORDER BY year_basis DESC, year
