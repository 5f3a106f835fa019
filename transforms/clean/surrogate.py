"""Keys for rows whose source has none: a hash of what does not move from night to night."""

import hashlib


def surrogate(*parts: object) -> str:
    """`s-` and a hash of the parts, texts without regard to case and blanks."""
    even = ("" if p is None else " ".join(str(p).casefold().split()) for p in parts)
    return "s-" + hashlib.sha256("\x1f".join(even).encode()).hexdigest()
