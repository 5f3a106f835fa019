"""Deliveries: what was delivered for a night, which of it counts, and its bytes in our hands."""
