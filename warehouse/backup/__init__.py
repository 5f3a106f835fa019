"""Backup and restore of what cannot be made again: the lake, frozen editions, reports.

Not in a backup: the key (a secret: keep it elsewhere), landed files (they hold people, and their
deliveries are not ours), published versions and the history, which a build makes again.
"""
