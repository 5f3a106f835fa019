-- Primary suppression: cells of which a class or a part has fewer contributors than the threshold.
-- Grain: figure, edition, cell.
SELECT DISTINCT figure, edition, cell
FROM disclosure.contributor
WHERE cell IS NOT NULL
GROUP BY figure, edition, cell, class, part
HAVING too_few(count(DISTINCT seller_id))
ORDER BY figure, edition, cell
