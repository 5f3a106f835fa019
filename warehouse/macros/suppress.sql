-- A number of sellers, or null where the report would withhold it as too small; none is shown.
CASE WHEN n = 0 OR n >= smallest_cell THEN n END
