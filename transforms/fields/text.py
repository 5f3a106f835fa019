"""Text made even: one Unicode form, single blanks, and nothing where the source says nothing."""

import html
import re
import tomllib
import unicodedata
from pathlib import Path

from ftfy import TextFixerConfig, fix_encoding
from ftfy.badness import is_bad

from transforms.fields import Unreadable
from transforms.mask import without_masks

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
    ]
)

# Only what was read as another encoding and nothing else; no guesses at bytes that were lost.
_REDECODE = TextFixerConfig(
    restore_byte_a0=False, replace_lossy_sequences=False, fix_c1_controls=False
)
_CONTROLS = re.compile("[\x80-\x9f]")
_BRAILLE = re.compile("[\u2800-\u28ff]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")

# What nobody sees and no value means: controls, soft hyphens, zero widths, marks of direction, byte
# order marks, tags. Blanks are none of them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b\u200e"
    "\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb\U000e0000-\U000e007f]"
)
# Joiners and selectors shape Persian, Urdu and Indian words and emoji; behind other letters they
# are dirt. A run of them is taken as a whole.
_JOINERS = "\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
_SHAPED = "\u0590-\u1fff\u2300-\u2fff\u3040-\ufeff\U00010000-\U0010ffff"
_LOST_JOINER = re.compile(f"(?<![{_SHAPED}])[{_JOINERS}]+")
_JOINER = re.compile(f"[{_JOINERS}]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_LOOKS_BLANK = re.compile("[\u115f\u1160\u2800\u3164\uffa0]")  # letters without a shape
_DASH = "-_\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"
_ODD = frozenset(_DASH + "([<{\"'`")
_DASHES = re.compile(f"[{_DASH} ]+")
_BRACKETED = re.compile(r"""[(\[<{"'`][(\[<{"'` ]*(.*?)[)\]>}"'` ]*[)\]>}"'`]""")
_LONGEST_NULL = 40  # characters
_NAMES = ("na", "nat")  # so written, Na and Nat are people
_FLOAT_ID = re.compile(r"(\d{1,15})\.0+", re.ASCII)
# What stands under a table or in front of it in the place of an id.
_NO_IDS = frozenset(
    [
        "total",
        "totals",
        "subtotal",
        "sub-total",
        "grand-total",
        "grandtotal",
        "sum",
        "average",
        "avg",
        "mean",
        "median",
        "count",
        "na",
        "none",
        "null",
        "nan",
        "true",
        "false",
    ]
)


_TOKENS: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_name("null_tokens.toml").read_text("utf-8")
)
_IN_BRACKETS_ONLY = frozenset(_TOKENS.pop("in_brackets"))
_NOTHING = frozenset(token for tokens in _TOKENS.values() for token in tokens) | {"", *_NAMES}

# For a look at a whole column at once: a text of this form that is none of these words, in any
# case, is even, was not decoded wrongly, hides nothing and is no null token.
_PLAIN_FIRST = "".join(re.escape(c) for c in map(chr, range(33, 127)) if c not in _ODD | {"&"})
PLAIN = f"^[{_PLAIN_FIRST}][!-%'-~]*(?: [!-%'-~]+)*$"
NULLS = _NOTHING | {f"{word} {word}" for word in _NOTHING}


def seen(raw: str) -> str:
    """Text without invisible characters; blanks and line ends stay as they are."""
    if raw.isascii() and raw.isprintable():
        return raw
    return _LOOKS_BLANK.sub(" ", _LOST_JOINER.sub("", _UNSEEN.sub("", raw)))


def has_control(raw: str) -> bool:
    """Whether text has a control character such as NUL; line ends do not count."""
    return not raw.isprintable() and _CONTROL.search(raw) is not None


def even(raw: str) -> str:
    """NFC, with every kind of blank (no-break and narrow ones too) made one space; case kept.

    A page's own way to write a character (`&amp;`, `&#39;`) becomes that character, but in a list
    as JSON writes it: there `&quot;` would end a member, and the members are made even themselves.
    """
    if "&" in raw and ";" in raw and not raw.startswith(('["', "['")):
        raw = _ENTITY.sub(lambda found: html.unescape(found[0]), raw)
    if not (raw.isascii() and raw.isprintable()):
        raw = unicodedata.normalize("NFC", seen(raw))
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


def known(raw: str, is_country: bool = True) -> str | None:
    """Even text, or None for a null token. `NA` stays where a country may stand: it is Namibia."""
    text = even(raw)
    low = text.casefold()
    if low in _NOTHING:
        is_name = low in _NAMES and (text.istitle() or (text == "NA" and is_country))
        return text if is_name else None
    # Nearly all texts begin otherwise, and are no word said twice.
    is_odd = low[0] in _ODD or " " in low
    return None if is_odd and len(low) <= _LONGEST_NULL and _says_nothing(low) else text


def _says_nothing(low: str) -> bool:
    if _DASHES.fullmatch(low):
        return True
    if found := _BRACKETED.fullmatch(low):
        return bool(found[1]) and (found[1] in _NOTHING or found[1] in _IN_BRACKETS_ONLY)
    one, *others = low.split()
    return one in _NOTHING and others == [one]


def company_key(name: str, city_key: str | None) -> str | None:
    """Name without case, punctuation and legal form, and the city; None for an empty name.

    A name that is nothing but a masked number or address is empty: such sellers have not one name.
    """
    found = _WORD.findall(_JOINER.sub("", without_masks(name)).casefold())
    words = [w for w in found if w not in COMPANY_FORMS]
    return f"{' '.join(words)}|{city_key or ''}" if words else None


# How a program keeps a spreadsheet from reading an id as a number.
_GUARDED = re.compile(r"=\"([^\"]+)\"|'([^']+)")


def identifier(text: str) -> str:
    """An id as text, lower case; `1601740791024.0` went through a column of floats, which keeps
    fifteen digits, and `="16…"` or `'16…` is guarded from a spreadsheet, which would make a number
    of it. The contract judges its form, but what can be no id at all is refused here."""
    if guarded := _GUARDED.fullmatch(text):
        text = guarded[1] or guarded[2]
    found = _FLOAT_ID.fullmatch(text) if "." in text else None
    low = found[1] if found else text.casefold()
    if low in _NO_IDS or not low.strip("0-_."):
        raise Unreadable("no id")
    return low
