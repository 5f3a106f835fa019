-- Which figures are not available in which edition, and what is missing for them?
SELECT edition, figure, missing
FROM outlook.meta.availability
WHERE symbol = 'x'
ORDER BY edition, figure
