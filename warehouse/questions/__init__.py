"""Questions about published files and the lake. Read-only."""
