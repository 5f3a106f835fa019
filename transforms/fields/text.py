"""Text made even: one Unicode form, single blanks, and nothing where the source says nothing."""

import re
import unicodedata

NULL_TOKENS = frozenset({"", "-", "--", "—", "none", "n/a", "nan", "null", "unknown", "暂无数据"})
COMPANY_FORMS = frozenset(
    ["co", "company", "ltd", "limited", "pvt", "private", "smc", "llc", "inc", "corp"]
)

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# Nine digits or more, however they are parted; a decimal number has a digit after its point.
_PHONE = re.compile(r"(?<!\d)\+?\d(?:[ ()./-]{0,2}\d){8,}(?!\d)")
_WORD = re.compile(r"[^\W_]+")


def even(raw: str) -> str:
    """NFC, with every kind of blank (no-break and narrow ones too) made one space; case kept."""
    if not raw.isascii():
        raw = unicodedata.normalize("NFC", raw)
    return " ".join(raw.split())


def known(raw: str) -> str | None:
    """Even text, or None for a null token. `NA` stays: it is Namibia."""
    text = even(raw)
    return None if text.casefold() in NULL_TOKENS else text


def masked(text: str) -> str:
    """Text with mail addresses and telephone numbers replaced, for they name a person."""
    text = _MAIL.sub("[mail]", text) if "@" in text else text
    return _PHONE.sub("[phone]", text)


def company_key(name: str, city_key: str | None) -> str | None:
    """Name without case, punctuation and legal form, and the city; None for an empty name."""
    words = [w for w in _WORD.findall(name.casefold()) if w not in COMPANY_FORMS]
    return f"{' '.join(words)}|{city_key or ''}" if words else None


def identifier(text: str) -> str:
    """An id as text, lower case; the contract judges its form."""
    return text.casefold()
