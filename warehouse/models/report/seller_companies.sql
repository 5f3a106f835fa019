-- Companies that the paid sellers of each edition belong to. Grain: edition.
-- One company may own several storefronts; a seller without a company name counts for none.
WITH company AS (
    SELECT
        edition,
        count(*) AS sellers,
        count(company_key) AS known,
        count(DISTINCT company_key) AS companies
    FROM staging.stg_paid_seller
    GROUP BY edition
),

figure AS (
    SELECT
        frame.*,
        symbol_of(
            -- No paid sellers means 0 companies; no known names means unknown.
            frame.is_available AND (company.sellers IS NULL OR company.known > 0),
            hidden.cell IS NOT NULL
        ) AS symbol,
        shown(coalesce(company.companies, 0), symbol) AS companies,
        company.known,
        shown(company.known / company.sellers, symbol) AS coverage
    FROM staging.stg_frame AS frame
    LEFT JOIN company USING (edition)
    LEFT JOIN disclosure.suppressed AS hidden
        ON hidden.figure = frame.figure AND hidden.edition = frame.edition AND hidden.cell = ''
    WHERE frame.figure = 'seller_companies'
)

SELECT
    edition, year_basis, year, as_of, period_from, period_to, is_partial,
    companies,
    companies AS companies_numerator,
    NULL::BIGINT AS companies_denominator,
    coverage AS companies_coverage,
    symbol AS companies_symbol,
    known / nullif(companies, 0) AS sellers_per_company,
    CASE WHEN companies > 0 THEN known END AS sellers_per_company_numerator,
    nullif(companies, 0) AS sellers_per_company_denominator,
    CASE WHEN companies > 0 THEN coverage END AS sellers_per_company_coverage,
    CASE WHEN companies = 0 THEN 'x' ELSE symbol END AS sellers_per_company_symbol
FROM figure
ORDER BY year_basis DESC, year
