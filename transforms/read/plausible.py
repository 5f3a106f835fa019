"""Which encodings a text that is not UTF-8 may have, judged by the resulting text.

Nearly any bytes are valid text in most of them. A certain encoding is used; for other files there
are names to choose from.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

READ = ("gb18030", "cp1252", "cp1256")  # those that may be told for certain
FEW = 0.02  # share of characters that may be odd
MOSTLY_LETTERS = 0.9
FEWEST = 4  # ideographs of which anything can be said
COMMON_SHARE, TIMES_MORE = 0.2, 3
WITHIN_WORDS = 0.2
OFTEN, FEWEST_LETTERS = 0.25, 12

# The commonest ideographs of Chinese text and of this trade, in both writings: a quarter and more
# of what is Chinese, hardly any of what is not.
COMMON = frozenset(
    "的一是不了人在有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里"
    "后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从"
    "动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给"
    "等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入"
    "先山五太水万市场区社体司限贸易品质量价格商务厂制造出口运动服装足球鞋手套皮革医疗器械科技有公司省"
    "广州深圳上海浙江江苏宁波义乌福建山东北京香港路号楼室经理先生小姐联系电话传真邮箱地址网址主营询"
    "這個來國說們為時會過學對還發當無開見經頭動兩長現將與進實點種聲業間電門東關產場區體貿質價務廠"
    "運動裝醫療廣號樓聯繫傳真郵網營詢龍達億際灣臺台韓歐標準專業銷售訂購樣單"
    # Korean and Japanese, so that their readings are fluent, too.
    "이다는의에을가한고로하지기사어리도자인스아대시서나주수그제정해일부장전국무역식회요드립니상품질격"
    "のにをはがとでたしてるいなすかもまンスルトリーッアイク"
)
_ARABIC = re.compile("[\u0600-\u06ff]")
_OFTEN_ARABIC = frozenset("اأإآليىی")
_WESTERN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüÿœßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒ")
# Marks that may stand anywhere, between two letters too; and those that may not.
_FREE = frozenset("\xa0’‘–—…®™©×·")
_APART = frozenset("“”„‚•«»‹›€£¥§°±¹²³µ¶¿¡ªº´¨¼½¾÷¢¤†‡‰¬¦")
# Where Western languages do not write these letters, and their eastern neighbours do those of the
# same byte: Gdańsk, čaj, věc, kůň, bőr, bărbați.
_ODD_PLACES = re.compile(
    r"ñ(?![aeiouáéíóú])|\bè\w|è[aeiouáéíóúý]|[ìòù](?=\w)|õ(?!e)|ã(?![oe]|s?\b)|æ\b|œ(?![uds])",
    re.IGNORECASE,
)


class Rival(NamedTuple):
    """An encoding, the name people know it by, and what makes a text in it plausible."""

    encoding: str
    known_as: str
    is_plausible: Callable[[str], bool]


def certain(sample: bytes) -> str | None:
    """The encoding that a sample is in, where no other gives another text that might be meant."""
    texts = _plausible_texts(sample)
    found = [encoding for encoding in READ if encoding in texts]
    if "gb18030" in found and _is_chinese(texts):
        return "gb18030"
    # What reads well as Western text has no letter of its neighbours' where they would write it.
    rivals = set(texts) - (NEIGHBOURS if "cp1252" in found else set())
    return found[0] if rivals == set(found) and len(found) == 1 else None


def names(sample: bytes) -> list[str]:
    """The encodings that a sample may be in, as people call them: those in which it is plausible,
    else all in which it is words at all."""
    texts = _texts(sample)
    found = [r for r in RIVALS if r.encoding in texts and r.is_plausible(texts[r.encoding])]
    found = found or [r for r in RIVALS if r.encoding in texts and _is_words(texts[r.encoding])]
    return [r.known_as for r in found]


def _plausible_texts(sample: bytes) -> dict[str, str]:
    texts = _texts(sample)
    return {
        r.encoding: texts[r.encoding]
        for r in RIVALS
        if r.encoding in texts and r.is_plausible(texts[r.encoding])
    }


def _texts(sample: bytes) -> dict[str, str]:
    texts = {}
    for rival in RIVALS:
        with suppress(UnicodeDecodeError):
            texts[rival.encoding] = sample.decode(rival.encoding)
    return texts


def _is_words(text: str) -> bool:
    """Whether all characters beyond ASCII are letters."""
    foreign = [c for c in text if not c.isascii() and c not in _FREE]
    return sum(map(str.isalpha, foreign)) >= MOSTLY_LETTERS * len(foreign)


def _is_chinese(texts: dict[str, str]) -> bool:
    """Whether the one Chinese reading is fluent, and no other East Asian one is."""
    rivals = [texts[e] for e in EAST_ASIAN if e in texts and e != "gb18030"]
    if set(texts) == {"gb18030"}:
        return True
    share = _common_share(texts["gb18030"])
    return share >= max([COMMON_SHARE, *(TIMES_MORE * _common_share(x) for x in rivals)])


def _common_share(text: str) -> float:
    foreign = [c for c in text if not c.isascii() and c.isalpha()]
    return sum(c in COMMON for c in foreign) / len(foreign) if len(foreign) >= FEWEST else 0.0


def _is_western(text: str) -> bool:
    """Whether the letters stand among letters, and the marks between words."""
    foreign, odd = 0, len(_ODD_PLACES.findall(text))
    for i, c in enumerate(text):
        if c.isascii():
            continue
        foreign += 1
        odd += _is_odd(text[i - 1 : i], c, text[i + 1 : i + 2])
    return odd <= FEW * foreign


def _is_odd(before: str, c: str, after: str) -> bool:
    beside = [x for x in (before, after) if x and not x.isascii() and x not in _FREE]
    if c in _FREE:
        return False
    if c in _APART:
        is_within = before.isalpha() and after.isalpha()
        is_letter = c in "£¥" and after.isalpha()
        return is_within or is_letter or any(x in _WESTERN for x in beside)
    if c not in _WESTERN:
        return True
    in_run = len(beside) == 2 or (bool(beside) and not _has_ascii_letter(before + after))
    return in_run or (c.isupper() and before.isascii() and before.islower())


def _has_ascii_letter(text: str) -> bool:
    return any(c.isascii() and c.isalpha() for c in text)


def _is_arabic(text: str) -> bool:
    """Nearly all letters are Arabic, its commonest among them, and no word is of two scripts."""
    words = [w for w in re.findall(r"[^\W\d_]+", text) if not w.isascii()]
    letters = "".join(words)
    arabic = len(_ARABIC.findall(letters))
    mixed = sum(bool(_ARABIC.search(w)) and not all(map(_ARABIC.match, w)) for w in words)
    torn = len(re.findall("[\u0600-\u06ff][×÷\x80-\xbf][\u0600-\u06ff]", text))
    return (
        arabic >= FEWEST
        and arabic >= (1 - FEW) * len(letters)
        and mixed + torn <= FEW * len(words)
        and sum(c in _OFTEN_ARABIC for c in letters) >= OFTEN * arabic
    )


def _east_asian(pattern: str, share: float = 0.9) -> Callable[[str], bool]:
    """Whether that share of all foreign characters is of the pattern, and few stand in a word of
    Latin letters, as they do in Western text that is misread."""
    wanted = re.compile(pattern)
    within = re.compile(f"[A-Za-z]{_LETTER}|{_LETTER}[A-Za-z]")

    def is_plausible(text: str) -> bool:
        foreign = sum(not c.isascii() and c not in _FREE for c in text)
        found = len(wanted.findall(text))
        return found >= share * foreign > 0 and len(within.findall(text)) <= WITHIN_WORDS * found

    return is_plausible


def _script(letters: str, often: str) -> Callable[[str], bool]:
    """Whether the foreign letters are words of that script, with its commonest letters among them,
    and no capital behind a small letter."""
    word = re.compile(f"(?<![A-Za-z])[{letters}]{{2,}}(?![A-Za-z])")

    def is_plausible(text: str) -> bool:
        foreign = sum(not c.isascii() and c not in _FREE for c in text)
        found = "".join(word.findall(text))
        torn = sum(a.islower() and b.isupper() for w in word.findall(text) for a, b in pairwise(w))
        different = "".join(set(word.findall(text)))
        is_fluent = sum(c.casefold() in often for c in different) >= OFTEN * len(different)
        return (
            len(found) >= 0.8 * foreign > 0
            and torn <= FEW * len(found)
            and (is_fluent or len(different) < FEWEST_LETTERS)
        )

    return is_plausible


def _among(letters: str) -> Callable[[str], bool]:
    """Whether all foreign letters are among those, and stand in words of Latin letters."""
    known = frozenset(letters + letters.upper())

    def is_plausible(text: str) -> bool:
        words = [w for w in re.findall(r"[^\W\d_]+", text) if not w.isascii()]
        foreign = [c for w in words for c in w if not c.isascii()]
        odd = sum(c not in known for c in foreign)
        latin = sum(_has_ascii_letter(w) for w in words)
        return bool(foreign) and odd <= FEW * len(foreign) and latin >= 0.8 * len(words)

    return is_plausible


_LETTER = "[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]"
_IDEOGRAPHS = "[\u4e00-\u9fff\u3000-\u3017\uff01-\uff5e·—“”‘’…]"
_KANA = "[\u4e00-\u9fff\u3000-\u30ff\uff01-\uff5e]"
RIVALS = (
    Rival("gb18030", "GB18030", _east_asian(_IDEOGRAPHS)),
    Rival("big5", "Big5", _east_asian(_IDEOGRAPHS)),
    Rival("cp932", "Shift-JIS", _east_asian(_KANA)),
    Rival("euc_jp", "EUC-JP", _east_asian(_KANA)),
    Rival("cp949", "cp949 (EUC-KR)", _east_asian("[\uac00-\ud7a3]", 0.6)),
    Rival("cp1252", "cp1252 (Western)", _is_western),
    Rival(
        "cp1250", "cp1250 (Central European)", _among("áâăäąćčçďđéęëěíîĺľłńňóôőöŕřśšşťţúůűüýźžżß")
    ),
    Rival("cp1254", "cp1254 (Turkish)", _among("âçğıîöşûüİ")),
    Rival("cp1257", "cp1257 (Baltic)", _among("āčēģīķļņšūžąęėįųõäöü")),
    Rival("cp1258", "cp1258 (Vietnamese)", _among("ăâđêôơưàáèéìíòóùú")),
    Rival("cp1251", "cp1251 (Cyrillic)", _script("\u0401-\u045f", "оеаи")),
    Rival("koi8_r", "KOI8-R (Cyrillic)", _script("\u0401-\u0451", "оеаи")),
    Rival("cp1253", "cp1253 (Greek)", _script("\u0386-\u03ce", "αοιετ")),
    Rival("cp1255", "cp1255 (Hebrew)", _script("\u05d0-\u05ea", "יוהל")),
    Rival("cp1256", "cp1256 (Arabic)", _is_arabic),
    Rival("cp874", "cp874 (Thai)", _script("\u0e01-\u0e5b", "ารนอเ")),
)
EAST_ASIAN = ("gb18030", "big5", "cp932", "euc_jp", "cp949")
NEIGHBOURS = {"cp1250", "cp1254", "cp1257", "cp1258"}
