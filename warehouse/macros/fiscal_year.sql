-- The fiscal year that a day falls in, named by the year it ends in.
CASE
    WHEN starts_in_month BETWEEN 1 AND 12
        THEN (
            year(d::DATE)
            + CASE WHEN starts_in_month > 1 AND month(d::DATE) >= starts_in_month THEN 1 ELSE 0 END
        )::INTEGER
END
