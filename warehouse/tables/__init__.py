"""Makes every table from a market's lake, before checks, frozen editions and publication."""
