"""Mail addresses and telephone numbers taken out of text, as the contract declares by column.

Other names of people cannot be told from any other word, and stay in free text.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

# How a page writes a character, also where it was written so twice: `&#64;`, `&amp;#64;`.
_ENTITY = re.compile(
    r"&(?:amp;|#0*38;|#x0*26;)*(#\d{1,7}(?:;|(?!\d))|#x[0-9a-f]{1,6};|[a-z][a-z0-9]{1,31};)",
    re.IGNORECASE,
)
_CHARACTER = re.compile(rf"{_ENTITY.pattern}|.", re.IGNORECASE | re.DOTALL)


class _Looks(dict[int, str]):
    """What each character looks like, for `str.translate`: any digit is one of ASCII, any dash `-`,
    any blank a space; what nobody sees, and what stands on a letter or around a digit, is nothing.
    """

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = found = _look(char)
        return found


def _look(char: str) -> str:
    kind = unicodedata.category(char)
    if char.isspace():
        return char if char.isascii() else " "
    if kind[0] == "M" or kind in ("Cc", "Cf"):
        return ""
    if kind == "Pd" or char == "\u2212":
        return "-"
    if char == "\u3002":
        return "."
    if char.isnumeric():
        digit = unicodedata.digit(char, None)
        # A raised digit is a unit's or a footnote's.
        is_raised = unicodedata.decomposition(char).startswith("<su")
        return char if digit is None or is_raised else f"{digit}"
    same = unicodedata.normalize("NFKC", char)
    return same if len(same) == 1 else char


_LOOKS = _Looks()

# All patterns are for a text as it looks, in which digits, dashes and blanks are those of ASCII.
# They are sought from where a run of characters begins: from each of them, a long one takes hours.

_OPEN, _SHUT = r"[(\[{<]\s?", r"\s?[)\]}>]"
_AT = rf"\s?(?:{_OPEN}(?:@|at){_SHUT}|@|%40)\s?"
_DOT = rf"(?:\.|\s?{_OPEN}(?:dot|\.){_SHUT}\s?)"
_NAME = rf"(?<![\w.+%'-])(?:[\w.+%'-]+\s?{_OPEN}dot{_SHUT}\s?)?[\w.+%'-]+"
# A dot with blanks ends most sentences: only few words behind one are the end of an address.
_LOOSE = (
    r"(?:\s\.(?:com|net|org|info|biz|pk)|(?:\s?\.\s|,\s?)(?:com|org)|\sdot\s(?:com|net|org|pk))\b"
    r"|\s?(?:\.|\bdot\b)\s?com?\s?(?:\.|\bdot\b)\s?[a-z]{2}\b"
)
_HOSTS = (
    "gmail|googlemail|yahoo|ymail|rocketmail|hotmail|rediffmail|icloud|protonmail|foxmail|yandex"
)
_MORE_HOSTS = rf"(?:{_HOSTS}|outlook|live|msn|aol|qq|163|126|sina|zoho|gmx)"
_MAIL = re.compile(
    rf"{_NAME}{_AT}(?:[\w-]+(?:{_DOT}[\w-]+)*(?:{_DOT}[^\W\d_]{{2,}}|{_LOOSE})|(?:{_HOSTS})\b)"
    # `look at gmail.com` is masked, too: nobody can tell it from `ali at gmail.com`.
    rf"|{_NAME}\sat\s(?:{_MORE_HOSTS}(?:{_DOT}[^\W\d_]{{2,}}|{_LOOSE})"
    r"|[\w-]+(?: dot [\w-]+)* dot [^\W\d_]{2,})",
    re.IGNORECASE,
)
# Without one of these there is no address, and to seek one takes ten times as long.
_MAIL_SIGN = re.compile(rf"@|%40|{_OPEN}at{_SHUT}|\sat\s(?:{_MORE_HOSTS}|\S+ dot )", re.IGNORECASE)

# Blanks, dashes and brackets between digits.
_SEP = r"[\s()./-]"
# Nine digits or more, however they are parted; a decimal number has a digit after its point.
_PHONE = re.compile(rf"(?<!\d)\+?\d(?:{_SEP}{{0,3}}\d){{8,}}(?!\d)")
# Not within a word, a number or a part number (`A-042…`), but also after the dash of a range.
_APART = r"(?<!\w)(?<!\d[.,/])(?<![^\W\d_]-)"
# A mobile is so certain that it may follow any sign but the point of a decimal number.
_ALONE = r"(?<![^\W_])(?<!\d\.)"
_MOBILE = r"(?:\(?03\d\d\)?|\(0\) ?3\d\d)(?:(?:[ -]{0,3}\d){7}|[./]\d{7})(?!\d)"
# A trunk zero and a gap: 7 digits, or 8 as in Karachi, Lahore and Delhi, but no two years; or 111.
_LAND = (
    r"(?:(?:\(0\d{2,3}\)[ -]{0,3}|0\d{2,3}[ -]{1,3})\d{3}[ -]?\d{4}"
    r"|(?:\(0\d\d\)[ -]{0,3}|0\d\d[ -]{1,3})"
    r"(?:\d{8}|(?!(?:19|20)\d\d[ -])\d{4}[ -]\d{4}|\d{3}[ -]\d{5}|111[ -]\d{3}[ -]\d{3}))(?!\d)"
)
# The countries that trade here, by code: as the site writes them, and their mobiles.
_ABROAD = (
    r"(?:(?:00)?(?:86|9[12]|966|971)[ -]{1,2}\d{2,4}[ -]{1,2}\d{6,8}"
    r"|(?:00)?92(?:[ -]{0,3}(?:\(0\) ?)?|[ -]{1,3}0)3\d\d[ -]{0,3}\d{3}[ -]{0,3}\d{4}"
    r"|(?:00)?91(?:[ -]{1,3}[6-9]\d{4}[ -]?\d{5}|[6-9]\d{9})"
    r"|(?:00)?86(?:[ -]{1,3}1[3-9]\d{9}|-1[3-9]\d-\d{4}-\d{4})"
    r"|(?:00)?9(?:66|71)(?:[ -]{1,3}(?:0?5\d|\d)[ -]{1,3}\d{3}[ -]?\d{4}"
    r"|[ -]{1,3}5\d{8}|5\d{8}))(?!\d)"
)
_MANY = rf"\d(?:{_SEP}{{0,3}}\d)"
_SAY = r"(?:\s?(?:numbers?|num|no|nr|is|are|us|me|at|on|only)\b)"
# A second one behind it, perhaps without its code: 042-35761234/35761235.
_NEXT = (
    rf"(?:\s?[.,/;&-]\s?(?:{_MOBILE}|{_LAND}|{_ABROAD})|(?:\s?[/&]\s?|,)\d{{7,8}}(?!\d|[.,]\d))*"
)
# What says itself that it is one: +92 …, 0092 …, 0300-1234567, 92-300-1234567 as the site writes
# it, 923001234567, or a word before it.
_MARKED = re.compile(
    rf"(?:\+{_SEP}{{0,2}}{_MANY}{{8,}}(?!\d)"
    r"|\+(?:86|9[12]|966|971)(?:[_*,]{0,2}\d){8,}(?!\d)"
    rf"|(?:(?<![\w.,/-])|(?<=[\d\s]-))00{_MANY}{{8,}}(?!\d)"
    rf"|{_ALONE}{_MOBILE}"
    rf"|{_APART}(?:{_LAND}|{_ABROAD})"
    rf"|\bwa\.me/{_SEP}?\+?{_MANY}{{6,}}"
    rf"|\b(?:tel(?:ephone)?|fax|whats?\s?app|wechat|viber)(?![^\W\d_]){_SAY}{{0,3}}[^\d\n]{{0,8}}"
    rf"{_MANY}{{6,}}"
    rf"|\bph[\s.:#=-]{{1,4}}\(?0{_MANY}{{8,}}"
    rf"|\b(?:phone|mob(?:ile)?|cell|call|contact)(?:{_SAY}{{1,3}}[\s.:#=]{{0,4}}|\s?[.:#=]\s?)"
    rf"{_MANY}{{8,}}){_NEXT}",
    re.IGNORECASE,
)
# Parted by other signs (`*` and `,` also part sizes and thousands), or with the letter O for zero:
# only what is long and grouped as a number of this country, or has a code.
_ODDLY = re.compile(
    r"(?<!\d)(?<!\d[.,])(?:(?:\+|00)?92[\W_]{0,3}|[0O][\W_]{0,2})3[\dO]{2}[\W_]{0,3}"
    r"(?:[\dO]{7}|[\dO]{3}[\W_]{1,3}[\dO]{4}|[\dO]{4}[\W_]{1,3}[\dO]{3}"
    r"|[\dO]{2}[\W_]{1,3}[\dO]{2}[\W_]{1,3}[\dO]{3})(?![\dO])"
    r"|(?<!\d)(?<!\d[.,])\(?0\d{2,3}\)?[_*,]\d{7,8}(?!\d)",
    re.IGNORECASE,
)
# A whole value that is written as telephones are, and ids are not: `1601740791024.0` is an id.
_NO_ID = re.compile(r"(?!\d+\.0+$)(?=.*[+ ()./-]|00?[1-9])[+(]?\d(?:[ ()./-]{0,3}\d){8,14}")
_GROUP = re.compile(r"\d+")
_MASK = re.compile(r"\[(?:mail|phone)\]")

# For Arrow, whose regular expressions are another kind: every text in which any of them may match.
_MAY_LOOK_ELSE = (
    # Characters as a page writes them; digits and letters that are not ASCII's.
    r"&(?:amp;|#0*38;|#[xX]0*26;)*(?:#|(?:commat|plus|period|lpar|lbrack|lsqb|lcub|lbrace|lt);)"
    r"|[^\P{Nd}0-9]|[0-9][\p{M}\p{Cf}]|[\x{2460}-\x{24ff}\x{2776}-\x{2793}\x{1f100}-\x{1f10a}]"
    r"|[\x{fe62}\x{fe6b}\x{ff0b}\x{ff20}-\x{ff3a}\x{ff41}-\x{ff5a}\x{1d400}-\x{1d7cb}]"
)
_MAY_BE_MAIL = (
    r"@|%40|[(\[{<\x{ff08}\x{ff3b}\x{ff5b}]\s?[aA][tT]\s?[)\]}>\x{ff09}\x{ff3d}\x{ff5d}]"
    rf"|\s[aA][tT]\s(?:(?i:{_MORE_HOSTS})|\S+ [dD][oO][tT] )|{_MAY_LOOK_ELSE}"
)
# Small classes: a large expression is a hundred times slower.
_SEVEN_DIGITS = r"(?:[0-9](?:[^a-zA-Z0-9]|&[a-zA-Z]{2,8};)*){7}"
_SUSPECT = rf"{_MAY_BE_MAIL}|{_SEVEN_DIGITS}|[02oO][^a-zA-Z0-9]{{0,3}}3[0-9oO]{{2}}"
# Half of all prices and many titles hold seven digits, and Python takes its time.
_SUSPECT_MARKED = (
    rf"{_MAY_BE_MAIL}|\+|(?:^|[^\pL0-9.,/]|(?:^|[^0-9])[.,/])0[0-9]{{2}}|[,/]03[0-9]{{2}}|[(]0[)]"
    r"|(?:^|[^\pL0-9_.,/]|(?:^|[^0-9])[.,/])(?:86|9[12]|966|971)(?:[ (\-\p{Pd}\p{Zs}]|[0-9]{3})"
    r"|wa\.me/"
    rf"|(?i:tel|fax|app|wechat|viber|ph|mob|cell|call|contact)[^0-9]*{_SEVEN_DIGITS}"
)
_SUSPECT_ID = rf"{_MAY_BE_MAIL}|[&\p{{M}}]|^[^a-zA-Z0-9]*[+(0]|[0-9][^a-zA-Z0-9]{{1,3}}[0-9]"


def masked(text: str) -> str:
    """Text without mail addresses and without nine digits or more that may be a telephone's."""
    return _without(_PHONE, _phone, _without(_ODDLY, _phone, _marked(text)))


def masked_if_marked(text: str) -> str:
    """Text without mail addresses and without telephone numbers that say so.

    Titles are full of part numbers that look like telephones, and prices are long numbers.
    """
    return _marked(text)


def masked_id(text: str) -> str:
    """An id, unless it is a mail address or is written as telephone numbers are: `0300-1234567`."""
    return "[phone]" if _NO_ID.fullmatch(_plain(text)[0]) else _without_mail(text)


def without_masks(text: str) -> str:
    """Text without what stands in place of an address or a number: that names nobody."""
    return _MASK.sub(" ", text)


# By the contract's word: what masks a text, and the pattern of the texts that need it.
MASKS: Mapping[str, tuple[Callable[[str], str], str]] = {
    "mask": (masked, _SUSPECT),
    "mask_marked": (masked_if_marked, _SUSPECT_MARKED),
    "mask_id": (masked_id, _SUSPECT_ID),
}


def _marked(text: str) -> str:
    return _without(_MARKED, _phone, _without_mail(text))


def _without_mail(text: str) -> str:
    if not _MAIL_SIGN.search(_plain(text)[0]):
        return text
    return _without(_MAIL, lambda found: "[mail]", text)


def _without(pattern: re.Pattern[str], mask: Callable[[re.Match[str]], str], text: str) -> str:
    """Text with masks where it looks like the pattern, and else as it was."""
    plain, places = _plain(text)
    if plain is text:
        return pattern.sub(mask, text)
    parts, done = [], 0
    for found in pattern.finditer(plain):
        if (word := mask(found)) != found[0]:
            parts += [text[done : places[found.start()]], word]
            done = places[found.end()]
    return "".join([*parts, text[done:]])


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """The text as it looks, and where in it each character of that, and its end, stands."""
    has_entity = "&" in text and _ENTITY.search(text) is not None
    if not has_entity and text.isascii() and text.isprintable():
        return text, ()
    plain = text.translate(_LOOKS)
    if not has_entity and len(plain) == len(text):
        return plain, range(len(text) + 1)
    chars, places = [], []
    for found in _CHARACTER.finditer(text):
        read = html.unescape(f"&{found[1]}") if found[1] else found[0]
        whole = found[0] if len(read) > 1 else read  # no such entity
        for skip, char in enumerate(whole):
            if look := char.translate(_LOOKS):
                chars.append(look)
                places.append(found.start() + skip)
    return "".join(chars), [*places, len(text)]


def _phone(found: re.Match[str]) -> str:
    """Excludes lists of years or rising numbers, such as models and sizes."""
    digits = found[0]
    texts = _GROUP.findall(digits)
    if max(map(len, texts)) > 4:
        return "[phone]"  # Python makes no number of more than 4,300 digits
    groups = [int(g) for g in texts]
    are_years = all(1900 <= g < 2100 for g in groups)
    rises = groups == sorted(set(groups)) and max(groups) < 100
    return digits if len(groups) > 1 and (are_years or rises) else "[phone]"
