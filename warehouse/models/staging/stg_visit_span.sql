-- Inquiries and visitors that the listings' metrics state, by year, month and week of editions.
-- Grain: edition, span, span_from. Weeks run from Sunday to Saturday and belong to the year in
-- which they end. Of a seller's night both figures count or neither. Where a night has too few
-- sellers, all months and weeks that touch its editions are withheld: together they would give it
-- away; an edition that ended before another is not reopened for it. A year is withheld if no night
-- that the same editions share has enough. Whose visits they are is what the edition knew. A night
-- states one day: an edition is partial if any day of its year has none.
WITH night AS (
    SELECT export_date
    FROM staging.stg_night
    WHERE dataset = 'listings' AND is_good
),

stretch AS (
    SELECT edition, 'year' AS span, period_from AS span_from, period_to AS span_to
    FROM marts.dim_edition
    UNION ALL
    SELECT edition, 'month', span_from, last_day(span_from)
    FROM (
        SELECT
            edition,
            unnest(generate_series(period_from, listings_as_of, INTERVAL 1 MONTH))::DATE
                AS span_from
        FROM marts.dim_edition
    )
    UNION ALL
    SELECT DISTINCT
        edition.edition,
        'week',
        night.export_date - dayofweek(night.export_date)::INTEGER,
        night.export_date - dayofweek(night.export_date)::INTEGER + 6
    FROM marts.dim_edition AS edition
    JOIN night
        ON night.export_date - dayofweek(night.export_date)::INTEGER + 6
        BETWEEN edition.period_from AND edition.period_to
        AND night.export_date <= edition.listings_as_of
),

part AS (
    SELECT
        stretch.span,
        stretch.span_from,
        stretch.span_to,
        edition.*
    FROM stretch
    JOIN marts.dim_edition AS edition ON edition.edition = stretch.edition
),

-- A day at a time, for every day is in a week, a month and a year of two bases. The first week of an
-- edition may have begun before it.
day AS (
    SELECT
        edition.edition,
        visit.snapshot_on,
        count(*) AS rows_in,
        count(*) FILTER (
            WHERE country.country_iso2 IS NOT NULL
            AND visit.visitors IS NOT NULL
            AND visit.inquiries IS NOT NULL
        ) AS rows_known,
        count(*) FILTER (
            WHERE country.is_market
            AND visit.visitors IS NOT NULL
            AND visit.inquiries IS NOT NULL
        ) AS sellers,
        sum(visit.visitors) FILTER (WHERE country.is_market AND visit.inquiries IS NOT NULL)
            AS visitors,
        sum(visit.inquiries) FILTER (WHERE country.is_market AND visit.visitors IS NOT NULL)
            AS inquiries
    FROM marts.dim_edition AS edition
    JOIN night ON night.export_date BETWEEN edition.period_from - 6 AND edition.listings_as_of
    JOIN marts.fct_seller_day AS visit ON visit.snapshot_on = night.export_date
    LEFT JOIN staging.stg_seller_as_of AS country
        ON country.edition = edition.edition AND country.seller_id = visit.seller_id
    GROUP BY edition.edition, visit.snapshot_on
),

counted AS (
    SELECT
        part.edition,
        part.span,
        part.span_from,
        count(night.export_date) AS nights,
        sum(day.rows_in) AS rows_in,
        sum(day.rows_known) AS rows_known,
        sum(day.visitors)::BIGINT AS visitors,
        sum(day.inquiries)::BIGINT AS inquiries
    FROM part
    JOIN night
        ON night.export_date BETWEEN part.span_from AND part.span_to
        AND night.export_date <= part.listings_as_of
    LEFT JOIN day ON day.edition = part.edition AND day.snapshot_on = night.export_date
    GROUP BY part.edition, part.span, part.span_from
),

shared AS (
    SELECT
        day.edition,
        day.sellers,
        list(edition.edition ORDER BY edition.edition) AS editions,
        bool_or(edition.edition = day.edition) AS is_own
    FROM day
    JOIN marts.dim_edition AS edition
        ON day.snapshot_on BETWEEN edition.period_from AND edition.period_to
    WHERE day.sellers > 0
    GROUP BY day.edition, day.snapshot_on, day.sellers
),

-- Editions with a night of too few sellers, and whether the nights they share are all such.
closed AS (
    SELECT
        edition.edition,
        edition.period_from,
        edition.period_to,
        bool_or(small.sellers_at_most < (SELECT smallest_cell FROM lake.market)) AS is_year_small
    FROM (
        SELECT edition, min(sellers) AS sellers_at_least, max(sellers) AS sellers_at_most
        FROM shared
        WHERE is_own
        GROUP BY edition, editions
    ) AS small
    JOIN marts.dim_edition AS edition ON edition.edition = small.edition
    WHERE small.sellers_at_least < (SELECT smallest_cell FROM lake.market)
    GROUP BY edition.edition, edition.period_from, edition.period_to
)

SELECT
    part.edition,
    part.year_basis,
    part.year,
    part.listings_as_of AS as_of,
    part.period_from,
    part.period_to,
    max(coalesce(counted.nights, 0)) FILTER (WHERE part.span = 'year') OVER (PARTITION BY part.edition)
    < date_diff('day', part.period_from, part.period_to) + 1 AS is_partial,
    part.span,
    part.span_from,
    part.span_to,
    date_diff('day', part.span_from, part.span_to) + 1 AS days,
    coalesce(counted.nights, 0) AS nights,
    counted.inquiries,
    counted.visitors,
    counted.rows_known / nullif(counted.rows_in, 0) AS coverage,
    CASE
        WHEN part.span = 'year' THEN coalesce(closed.is_year_small, false)
        ELSE EXISTS (
            SELECT 1 FROM closed AS near
            WHERE near.period_from <= part.span_to
                AND near.period_to >= part.span_from
                AND near.period_to <= part.period_to
        )
    END AS is_withheld
FROM part
LEFT JOIN closed ON closed.edition = part.edition
LEFT JOIN counted
    ON counted.edition = part.edition
    AND counted.span = part.span
    AND counted.span_from = part.span_from
ORDER BY part.edition, part.span, part.span_from
