-- Where do I find membership, what does it mean, and which column of the export is it?
SELECT table_schema, table_name, column_name, unit, description, source_column, warning
FROM outlook.meta.data_dictionary
WHERE description ILIKE '%membership%'
ORDER BY ALL
