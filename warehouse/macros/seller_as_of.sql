-- Every seller account as it stood on a night, one row each.
SELECT *
FROM outlook.marts.dim_seller
WHERE valid_from_on <= d::DATE AND (valid_until_on IS NULL OR valid_until_on > d::DATE)
