-- Change from a to b as a share of a; null where a is not above 0.
CASE WHEN a > 0 THEN b::DOUBLE / a - 1 END
