"""Deliveries: what was delivered for a night, which delivery counts, landing and unpacking."""
