"""Escapes delivered text, so that it cannot control a terminal or start a log line."""

import unicodedata

# Controls, formats (bidi marks, zero width), halves of surrogates, line and paragraph separators.
STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    r"""The text in one line, with invisible characters as codes such as `\x1b` or `\u202e`."""
    # Nearly every text is printable ASCII.
    if text.isprintable():
        return text
    return "".join(_code(c) if unicodedata.category(c) in STEERING else c for c in text)


def _code(character: str) -> str:
    number = ord(character)
    if number < 0x20:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
