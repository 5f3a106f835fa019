"""Report years: what is frozen, what a revision changes, and what is provisional."""
