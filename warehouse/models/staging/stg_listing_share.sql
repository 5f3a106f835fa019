-- Shares of the market's live listings that say something, and whether they are withheld: where
-- few sellers stand behind those that do, or behind those that do not; all of it, its denominator
-- too, where few stand behind the live listings. Grain: edition, part.
WITH term AS (
    SELECT
        edition.edition,
        part.part,
        terms.seller_id,
        CASE part.part
            WHEN 'complete' THEN terms.complete
            WHEN 'price' THEN terms.with_price
            WHEN 'ask_price' THEN terms.asked
            WHEN 'moq' THEN terms.with_moq
            WHEN 'leaf_category' THEN terms.in_leaf
            WHEN 'ready_to_ship' THEN terms.ready
        END AS numerator,
        -- Whoever does not say if it is ready to ship is in neither part of that share.
        CASE WHEN part.part = 'ready_to_ship' THEN terms.says_if_ready ELSE terms.live_listings END
            AS denominator,
        terms.live_listings,
        coalesce(seller.is_market, false) AS is_market,
        seller.country_iso2 IS NOT NULL AS is_known
    FROM marts.dim_edition AS edition
    JOIN staging.stg_listing_terms AS terms ON terms.snapshot_date = edition.listings_as_of
    LEFT JOIN staging.stg_seller_as_of AS seller
        ON seller.edition = edition.edition AND seller.seller_id = terms.seller_id
    CROSS JOIN (
        VALUES ('complete'), ('price'), ('ask_price'), ('moq'), ('leaf_category'), ('ready_to_ship')
    ) AS part (part)
),

counted AS (
    SELECT
        edition,
        part,
        coalesce(sum(numerator) FILTER (WHERE is_market), 0) AS numerator,
        coalesce(sum(denominator) FILTER (WHERE is_market), 0) AS denominator,
        CASE
            WHEN part = 'ready_to_ship'
                THEN sum(denominator) FILTER (WHERE is_market)
                    / nullif(sum(live_listings) FILTER (WHERE is_market), 0)
            ELSE coalesce(sum(live_listings) FILTER (WHERE is_known), 0) / sum(live_listings)
        END AS coverage,
        count(*) FILTER (WHERE is_market AND denominator > 0) AS sellers,
        count(*) FILTER (WHERE is_market AND numerator > 0) AS sellers_with,
        count(*) FILTER (WHERE is_market AND numerator < denominator) AS sellers_without
    FROM term
    GROUP BY edition, part
)

SELECT
    edition,
    part,
    numerator::BIGINT AS numerator,
    nullif(denominator, 0)::BIGINT AS denominator,
    coverage,
    sellers_with BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1
    OR sellers_without BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1 AS is_withheld,
    sellers BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1 AS is_total_withheld
FROM counted
ORDER BY edition, part
