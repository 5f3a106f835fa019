"""Builds the new file: checks and describes tables, adds frozen editions, closes and recounts."""
