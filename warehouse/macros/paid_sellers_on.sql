-- Paid sellers of the market on a day that the censuses of sellers cover, as report.seller_growth counts.
CASE
    WHEN d::DATE
        BETWEEN (
            SELECT min(export_date) FROM outlook.meta.night WHERE dataset = 'sellers' AND is_good
        )
        AND (
            SELECT max(export_date) FROM outlook.meta.night WHERE dataset = 'sellers' AND is_good
        )
        THEN (
            SELECT count(*)
            FROM outlook.marts.dim_seller
            WHERE valid_from_on <= d::DATE
                AND (valid_until_on IS NULL OR valid_until_on > d::DATE)
                AND d::DATE BETWEEN paid_from_on AND paid_to_on
                AND membership IN ('gold', 'global_gold', 'verified', 'verified_pro')
                AND country_iso2 = (SELECT market_iso2 FROM outlook.meta.release)
        )
END
