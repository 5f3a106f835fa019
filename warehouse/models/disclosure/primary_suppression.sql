-- Primary suppression: cells of which a class or a part has fewer contributors than the threshold, and
-- retentions of which nobody stayed or nobody left, which tell what each seller did.
-- Grain: figure, edition, cell.
SELECT DISTINCT figure, edition, cell
FROM disclosure.contributor
WHERE cell IS NOT NULL
GROUP BY figure, edition, cell, class, part
HAVING too_few(count(DISTINCT seller_id))
UNION
SELECT figure, edition, cell
FROM disclosure.contributor
WHERE figure = 'retention_12m' AND cell IS NOT NULL
GROUP BY figure, edition, cell
HAVING count(DISTINCT class) = 1
ORDER BY figure, edition, cell
