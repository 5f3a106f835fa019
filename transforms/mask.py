"""Mail addresses and telephone numbers taken out of text, as the contract declares by column.

Other names of people cannot be told from any other word, and stay in free text.
"""

import re
from collections.abc import Callable, Mapping

# Blanks, dashes and brackets between digits, and what nobody sees.
_SEP = r"[\s()./\-\u2010-\u2015\u2212\u00ad\u200b-\u200f\u2060\ufeff]"
_DOT = r"(?:[.\u3002\uff0e\uff61]|\s?[(\[]dot[)\]]\s?)"
# Sought from where a run of its characters begins: from each of them, a long one takes hours.
_MAIL = re.compile(
    rf"(?<![\w.+%'-])(?:[\w.+%'-]+\s?[(\[]dot[)\]]\s?)?[\w.+%'-]+\s?(?:[@\uff20]|%40|[(\[]at[)\]])\s?"
    rf"[\w-]+(?:{_DOT}[\w-]+)*{_DOT}[^\W\d_]{{2,}}"
    r"|(?<![\w.+%'-])[\w.+%'-]+ at [\w-]+(?: dot [\w-]+)* dot [^\W\d_]{2,}",
    re.IGNORECASE,
)
# Without one of these there is no address, and to seek one takes ten times as long.
_MAIL_SIGN = re.compile(r"[@\uff20]|%40|[(\[]at[)\]]| dot ", re.IGNORECASE)
# Nine digits or more, however they are parted; a decimal number has a digit after its point.
_PHONE = re.compile(rf"(?<!\d)[+\uff0b]?\d(?:{_SEP}{{0,3}}\d){{8,}}(?!\d)")
# Not within a word or a number, but for the dash of a range.
_APART = r"(?:(?<![\w.,/-])|(?<=[\d\s]-))"
# Arabic and Persian digits are digits.
_0, _3 = "[0\u0660\u06f0]", "[3\u0663\u06f3]"
# What says itself that it is one: +92 …, 0092 …, 0300-1234567, 92-300-1234567 as the site writes
# it, 923001234567, or a word before it.
_MARKED = re.compile(
    rf"[+\uff0b]{_SEP}{{0,2}}\d(?:{_SEP}{{0,3}}\d){{8,}}(?!\d)"
    rf"|{_APART}{_0}{_0}\d(?:{_SEP}{{0,3}}\d){{8,}}(?!\d)"
    rf"|{_APART}\(?{_0}\d{{2,3}}\)?[ -]{{1,2}}\d{{3}}[ -]?\d{{4}}(?!\d)"
    rf"|{_APART}{_0}{_3}\d{{2}}[ -]?\d{{3}}[ -]?\d{{4}}(?!\d)"
    rf"|{_APART}(?:86|9[12]|966|971)[ -]{{1,2}}\d{{2,4}}[ -]{{1,2}}\d{{6,8}}(?!\d)"
    rf"|{_APART}(?:923|91[6-9])\d{{9}}(?!\d)"
    rf"|\bwa\.me/{_SEP}?\+?\d{{7,}}"
    rf"|\b(?:tel(?:ephone)?|fax|whats?\s?app|wechat|viber)(?![^\W\d_])[^\d\n]{{0,8}}\d(?:{_SEP}{{0,3}}\d){{6,}}"
    r"|\b(?:phone|mob(?:ile)?|cell|call|contact)(?:\s?(?:no|nr|number|us|me)\b[\s.:#=]{0,4}"
    rf"|\s?[.:#=]\s?)\d(?:{_SEP}{{0,3}}\d){{8,}}",
    re.IGNORECASE,
)
# A whole value that is written as telephones are, and ids are not: `1601740791024.0` is an id.
_NO_ID = re.compile(r"(?!\d+\.0+$)(?=.*[+ ()./-]|00?[1-9])[+(]?\d(?:[ ()./-]{0,3}\d){8,14}")
_GROUP = re.compile(r"\d+")
_MASK = re.compile(r"\[(?:mail|phone)\]")

# For Arrow, whose regular expressions are another kind: every text in which any of them may match.
_MAY_BE_MAIL = r"[@\x{ff20}]|%40|[(\[][aA][tT][)\]]| [dD][oO][tT] "
_SEVEN_DIGITS = r"(?:\pN[\s()./\-\p{Pd}\p{Zs}\p{Cf}\p{Cc}\x{2212}]*){7}"
_SUSPECT = rf"{_MAY_BE_MAIL}|{_SEVEN_DIGITS}"
# Half of all prices and many titles hold seven digits, and Python takes its time.
_SUSPECT_MARKED = (
    rf"{_MAY_BE_MAIL}|[+\x{{ff0b}}]|(?:^|[^\pL\pN_.,/])[0\x{{660}}\x{{6f0}}]\pN"
    rf"|(?:^|[^\pL\pN_.,/])(?:86|9[12]|966|971)(?:[ \-]|\pN{{8}})|wa\.me/"
    rf"|(?i:tel|fax|app|wechat|viber|phone|mob|cell|call|contact)[^\pN]{{0,24}}{_SEVEN_DIGITS}"
)
_SUSPECT_ID = rf"{_MAY_BE_MAIL}|^[+(0]|\pN[ ()./-]{{1,3}}\pN"


def masked(text: str) -> str:
    """Text without mail addresses and without nine digits or more that may be a telephone's."""
    return _PHONE.sub(_phone, _marked(text))


def masked_if_marked(text: str) -> str:
    """Text without mail addresses and without telephone numbers that say so.

    Titles are full of part numbers that look like telephones, and prices are long numbers.
    """
    return _marked(text)


def masked_id(text: str) -> str:
    """An id, unless it is a mail address or is written as telephone numbers are: `0300-1234567`."""
    return "[phone]" if _NO_ID.fullmatch(text) else _without_mail(text)


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
    return _MARKED.sub(_phone, _without_mail(text))


def _without_mail(text: str) -> str:
    return _MAIL.sub("[mail]", text) if _MAIL_SIGN.search(text) else text


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
