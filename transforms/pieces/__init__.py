"""Pieces: one function takes a piece of a file from text to its finished parts.

`make` reads, corrects, cleans, checks and writes, and tells in a summary what only the whole night
can decide. It reads and writes files under names that its job gives, and nothing else: so it does
the same in this process, in a pool of processes (`engines`) and on a cluster (`spark`).
"""
