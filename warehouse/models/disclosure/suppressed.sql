-- Everything that is withheld; report tables join this table and no other of this folder.
-- Grain: figure, edition, cell ('' is the edition as a whole).
FROM disclosure.primary_suppression
UNION
FROM disclosure.secondary_suppression
UNION
FROM disclosure.flow_suppression
UNION
FROM disclosure.inquiry_suppression
UNION
FROM disclosure.traffic_suppression
UNION
FROM disclosure.projection_suppression
UNION
FROM disclosure.category_suppression
UNION
SELECT *, '' FROM disclosure.total_suppression
ORDER BY figure, edition, cell
