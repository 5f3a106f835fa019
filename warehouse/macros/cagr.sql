-- Compound annual growth between two end points; null where it has no meaning, never 0.
CASE
    WHEN first > 0 AND last >= 0 AND years > 0
        THEN (last::DOUBLE / first) ** (1.0::DOUBLE / years) - 1
END
