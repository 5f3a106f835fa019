"""Keys that make different spellings of a name equal."""

import re
import unicodedata

_APART = re.compile(r"[\s,;:./|()\[\]{}\"&_#*\u060c\u2010-\u2015-]+")
_WITHIN = re.compile(r"['`\u02bb\u02bc\u2018\u2019\u200c\u200d\ufe00-\ufe0f]")


def words(text: str) -> list[str]:
    """The words of a name without case, accents and punctuation: `Mīr's-Pur` is mirs and pur."""
    if not text.isascii():
        text = _unaccented(text)
    return [word for word in _APART.split(_WITHIN.sub("", text).casefold()) if word]


def plain(text: str) -> str:
    """The words with a blank between them."""
    return " ".join(words(text))


def key(text: str) -> str:
    """The words with nothing between them: `Wazir Abad` and `WAZIRABAD` are spelt alike."""
    return "".join(words(text))


def _unaccented(text: str) -> str:
    # Marks of Latin, Greek and Cyrillic letters only: those of other scripts are vowels.
    apart = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f"))
