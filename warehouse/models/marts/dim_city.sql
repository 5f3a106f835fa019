-- Cities and tehsils of the market's gazetteer. Grain: city_key.
SELECT city_key, city, district, province, latitude, longitude
FROM lake.places
ORDER BY city_key
