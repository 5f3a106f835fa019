-- What the models share. A model may use these by name; nothing of them is in the published file.

-- Whether a seller is the market's own.
CREATE TEMP MACRO of_market(country_iso2) AS
    coalesce(country_iso2 = (SELECT country FROM lake.market), false);

-- Some, but fewer than may be shown. Only the models of `disclosure` may ask this.
CREATE TEMP MACRO too_few(sellers) AS
    sellers BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1;

-- What can be said of a figure, and the value where nothing stands against it.
CREATE TEMP MACRO symbol_of(is_available, is_withheld) AS
    CASE WHEN is_available IS NOT true THEN 'x' WHEN is_withheld THEN 'c' END;
CREATE TEMP MACRO shown(value, symbol) AS CASE WHEN symbol IS NULL THEN value END;

-- Weeks run from Sunday to Saturday, as the platform counts.
CREATE TEMP MACRO week_of(d) AS d - dayofweek(d)::INTEGER;
