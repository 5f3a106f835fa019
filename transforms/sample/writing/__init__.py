"""How a universe is delivered: its text, its files, its nights."""
