-- Each edition with the as-of date of each dataset. Grain: edition, dataset.
-- A stock is partial if its night is not the last of the year.
SELECT
    edition,
    dataset,
    year_basis,
    year,
    CASE dataset
        WHEN 'sellers' THEN sellers_as_of
        WHEN 'listings' THEN listings_as_of
        WHEN 'inquiries' THEN inquiries_as_of
    END AS as_of,
    period_from,
    period_to,
    as_of IS NULL OR as_of < period_to AS is_partial
FROM marts.dim_edition
CROSS JOIN (VALUES ('sellers'), ('listings'), ('inquiries')) AS named (dataset)
ORDER BY edition, dataset
