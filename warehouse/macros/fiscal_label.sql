-- A fiscal year as it is written: 2021-22 for 2022, or the year alone where it starts in January.
CASE
    WHEN starts_in_month NOT BETWEEN 1 AND 12 THEN NULL
    WHEN starts_in_month = 1 THEN y::INTEGER::VARCHAR
    ELSE (y::INTEGER - 1)::VARCHAR || '-' || lpad((y::INTEGER % 100)::VARCHAR, 2, '0')
END
