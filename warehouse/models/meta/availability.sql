-- What each edition can show, and what is missing for the rest. Grain: edition, figure.
SELECT
    available.edition,
    available.figure,
    CASE WHEN NOT available.is_available THEN 'x' END AS symbol,
    available.missing
FROM staging.stg_available AS available
JOIN marts.dim_edition AS edition ON edition.edition = available.edition
ORDER BY edition.year_basis DESC, edition.year, available.figure
