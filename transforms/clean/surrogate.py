"""Keys for rows without one in the source: a hash of values that do not change by night."""

import hashlib


def surrogate(*parts: object) -> str:
    """`s-` and a hash of the parts, ignoring case and blanks in texts."""
    even = ("" if p is None else " ".join(str(p).casefold().split()) for p in parts)
    return "s-" + hashlib.sha256("\x1f".join(even).encode()).hexdigest()
