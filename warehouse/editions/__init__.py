"""Report years: frozen editions, their revisions, and provisional figures."""
