"""Every table as a market's lake makes it, before anything is checked, frozen or published."""
