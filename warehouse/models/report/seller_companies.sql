-- Companies behind the paid sellers of each edition. Grain: edition.
-- One company may own several storefronts; a seller whose company has no name counts for none.
WITH company AS (
    SELECT
        snapshot_date,
        count(*) AS sellers,
        count(company_key) AS known,
        count(DISTINCT company_key) AS companies
    FROM staging.stg_census_seller
    WHERE is_paid
    GROUP BY snapshot_date
),

figure AS (
    SELECT
        edition.edition,
        edition.year_basis,
        edition.year,
        edition.sellers_as_of AS as_of,
        edition.period_from,
        edition.period_to,
        edition.sellers_as_of IS NULL OR edition.sellers_as_of < edition.period_to AS is_partial,
        -- Nobody paid is no company; nobody has a name is not known.
        CASE
            WHEN available.is_available
                AND (company.sellers IS NULL OR company.known > 0)
                AND (company.known < (SELECT smallest_cell FROM lake.market)) IS NOT true
                THEN coalesce(company.companies, 0)
        END AS companies,
        coalesce(
            available.is_available
            AND company.known BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1,
            false
        ) AS is_withheld,
        company.known,
        company.known / company.sellers AS coverage
    FROM marts.dim_edition AS edition
    LEFT JOIN staging.stg_available AS available
        ON available.edition = edition.edition AND available.figure = 'seller_companies'
    LEFT JOIN company ON company.snapshot_date = edition.sellers_as_of
)

SELECT
    edition,
    year_basis,
    as_of,
    period_from,
    period_to,
    is_partial,
    companies,
    companies AS companies_numerator,
    NULL::BIGINT AS companies_denominator,
    CASE WHEN companies IS NOT NULL THEN coverage END AS companies_coverage,
    CASE WHEN is_withheld THEN 'c' WHEN companies IS NULL THEN 'x' END
        AS companies_symbol,
    known / nullif(companies, 0) AS sellers_per_company,
    CASE WHEN companies > 0 THEN known END AS sellers_per_company_numerator,
    nullif(companies, 0) AS sellers_per_company_denominator,
    CASE WHEN companies > 0 THEN coverage END AS sellers_per_company_coverage,
    CASE WHEN is_withheld THEN 'c' WHEN (companies > 0) IS NOT true THEN 'x' END
        AS sellers_per_company_symbol
FROM figure
ORDER BY year_basis DESC, year
