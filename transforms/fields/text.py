"""Text made even: one Unicode form, single blanks, and nothing where the source says nothing."""

import html
import re
import unicodedata

from ftfy import TextFixerConfig, fix_encoding
from ftfy.badness import is_bad

from transforms.fields.mask import without_masks

NULL_TOKENS = frozenset({"", "-", "--", "—", "none", "n/a", "nan", "null", "unknown", "暂无数据"})
COMPANY_FORMS = frozenset(
    [
        "co",
        "company",
        "ltd",
        "limited",
        "pvt",
        "private",
        "smc",
        "llc",
        "llp",
        "inc",
        "corp",
        "incorporated",
        "corporation",
        "plc",
        "gmbh",
        "sarl",
        "srl",
        "pty",
        "pte",
        "sdn",
        "bhd",
        "fze",
        "fzco",
    ]  # fmt: skip
)

# Only what was read as another encoding and nothing else; no guesses at bytes that were lost.
_REDECODE = TextFixerConfig(
    restore_byte_a0=False, replace_lossy_sequences=False, fix_c1_controls=False
)
_CONTROLS = re.compile("[\x80-\x9f]")
_BRAILLE = re.compile("[\u2800-\u28ff]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")


def even(raw: str) -> str:
    """NFC, with every kind of blank (no-break and narrow ones too) made one space; case kept.

    A page's own way to write a character (`&amp;`, `&#39;`) becomes that character.
    """
    if "&" in raw and ";" in raw:
        raw = _ENTITY.sub(lambda found: html.unescape(found[0]), raw)
    if not raw.isascii():
        raw = unicodedata.normalize("NFC", raw)
    return " ".join(raw.split())


def repaired(raw: str) -> str:
    """Text that was UTF-8 and was read as another encoding (`CafÃ©`), where that is certain.

    Not certain is a text that stays odd afterwards; nor Braille, which nobody writes here: it comes
    of a bullet (`â€¢` and a blank) that has lost a byte.
    """
    if raw.isascii() or not (is_bad(raw) or _CONTROLS.search(raw)):
        return raw
    fixed = fix_encoding(raw, _REDECODE)
    odd = is_bad(fixed) or _CONTROLS.search(fixed) or _BRAILLE.search(fixed) or "\ufffd" in fixed
    return raw if odd else fixed


def known(raw: str) -> str | None:
    """Even text, or None for a null token. `NA` stays: it is Namibia."""
    text = even(raw)
    return None if text.casefold() in NULL_TOKENS else text


def company_key(name: str, city_key: str | None) -> str | None:
    """Name without case, punctuation and legal form, and the city; None for an empty name.

    A name that is nothing but a masked number or address is empty: such sellers have not one name.
    """
    found = _WORD.findall(without_masks(name).casefold())
    words = [w for w in found if w not in COMPANY_FORMS]
    return f"{' '.join(words)}|{city_key or ''}" if words else None


def identifier(text: str) -> str:
    """An id as text, lower case; the contract judges its form."""
    return text.casefold()
