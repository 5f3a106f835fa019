-- How many of the live listings say what a buyer looks for first. Grain: edition, part.
-- Pictures are part of a complete listing too, but no export has them.
SELECT
    edition.edition,
    edition.year_basis,
    edition.listings_as_of AS as_of,
    edition.period_from,
    edition.period_to,
    edition.listings_as_of IS NULL OR edition.listings_as_of < edition.period_to AS is_partial,
    part.part,
    CASE WHEN NOT share.is_withheld THEN share.numerator / share.denominator END AS share,
    CASE WHEN NOT share.is_withheld THEN share.numerator END AS numerator,
    CASE WHEN share.is_total_withheld IS NOT true THEN share.denominator END AS denominator,
    CASE WHEN share.is_total_withheld IS NOT true THEN share.coverage END AS coverage,
    CASE
        WHEN share.denominator IS NULL THEN 'x'
        WHEN share.is_withheld THEN 'c'
    END AS symbol
FROM marts.dim_edition AS edition
CROSS JOIN (
    VALUES (1, 'complete'), (2, 'price'), (3, 'ask_price'), (4, 'moq'), (5, 'leaf_category')
) AS part (place, part)
LEFT JOIN staging.stg_available AS available
    ON available.edition = edition.edition AND available.figure = 'listing_completeness'
LEFT JOIN staging.stg_listing_share AS share
    ON share.edition = edition.edition
    AND share.part = part.part
    AND share.denominator IS NOT NULL
    AND available.is_available
ORDER BY edition.year_basis DESC, edition.year, part.place
