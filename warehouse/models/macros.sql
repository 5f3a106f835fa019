-- Macros that the models share. They are not in the published file.

-- Whether a seller belongs to the market.
CREATE TEMP MACRO of_market(country_iso2) AS
    coalesce(country_iso2 = (SELECT country FROM lake.market), false);

-- An instant of the lake as the file stores it, in UTC. To ask the time zone takes ten times as long.
CREATE TEMP MACRO in_utc(instant) AS make_timestamp(epoch_us(instant));

-- The day of an instant, which is stored in UTC, in a time zone.
CREATE TEMP MACRO day_in(zone, instant) AS timezone(zone, timezone('UTC', instant))::DATE;

-- The instant, in UTC, at which a day ends in a time zone. To compare instants with it takes much
-- less time than to ask the time zone for the day of each.
CREATE TEMP MACRO end_of_day_in(zone, d) AS
    timezone('UTC', timezone(zone, (d + 1)::TIMESTAMP));

-- Whether a membership is paid and with known beginning and end covers a day.
CREATE TEMP MACRO pays_on(d, membership, paid_from, paid_to) AS
    coalesce(is_paid_membership(membership) AND d BETWEEN paid_from AND paid_to, false);

-- More than none, but below the threshold. Only models of `disclosure` may use this.
CREATE TEMP MACRO too_few(sellers) AS
    sellers BETWEEN 1 AND (SELECT smallest_cell FROM lake.market) - 1;

-- The symbol of a figure, and its value if it has no symbol.
CREATE TEMP MACRO symbol_of(is_available, is_withheld) AS
    CASE WHEN is_available IS NOT true THEN 'x' WHEN is_withheld THEN 'c' END;
CREATE TEMP MACRO shown(value, symbol) AS CASE WHEN symbol IS NULL THEN value END;

-- A number above 0, rounded to so many significant digits.
CREATE TEMP MACRO significant(value, digits) AS
    round(value, digits - 1 - floor(log10(value))::INTEGER);

-- Weeks run from Sunday to Saturday, as the platform counts.
CREATE TEMP MACRO week_of(d) AS d - dayofweek(d)::INTEGER;
