"""Personal data out of sight: numbers and addresses in texts masked, customer ids replaced by pseudonyms.

`mask` is a pure function of the text and keeps its length, so that positions in the text stay true. It hides by shape
alone and looks nobody up. What a number belongs to is written at its pattern. Owns no key.
"""

import re
from hashlib import blake2b
from typing import Final

from models.identifying import hide_words

KEPT: Final = 2
"""Last characters that stay readable: enough to tell two numbers of a text apart, too few to find anybody."""

_PLATE_PLACES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使"
_D: Final = "[0-9０-９]"
_SIGNS: Final = r" \-.\u00a0\u2010-\u2015\u2212\u3000－"
_S: Final = f"[{_SIGNS}]{{0,2}}"
"""What people write between the groups of a number."""
_START: Final = "(?<![0-9０-９])"
_END: Final = "(?![0-9０-９])"

_SIGN: Final = re.compile(
    # Begins with one set of characters, through which the engine runs fast: this is asked of every text.
    rf"[0-9０-９{_PLATE_PLACES}]"
    rf"(?:(?<!{_D}.)(?:[{_SIGNS}()（）]{{0,3}}{_D}){{6}}|[A-Za-z](?<=[{_PLATE_PLACES}].)"
    rf"|[ ][A-Za-z](?<=[{_PLATE_PLACES}]..))"
)
"""Seven digits, or what a plate begins with: every pattern below but the first needs one; nearly no text has it."""

_MAIL: Final = re.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]++[@＠][A-Za-z0-9\-]++(?:\.[A-Za-z0-9\-]++)+"
)
_PLATE: Final = re.compile(
    rf"[{_PLATE_PLACES}] ?[A-HJ-NP-Za-hj-np-z][ ·•・.\-]?"
    # Of the serial at most two are letters; with a suffix character it is one shorter.
    r"(?=(?:[A-Za-z]*[0-9]){3})[0-9A-HJ-NP-Za-hj-np-z]{4}(?:[0-9A-HJ-NP-Za-hj-np-z]{1,2}|[挂学警港澳领])"
    r"(?![0-9A-Za-z])"
)
_IDENTITY: Final = re.compile(
    rf"{_START}(?!20)[1-9１-９]{_D}{{5}}{_S}{_D}{{4}}{_S}{_D}{{4}}{_S}{_D}{{3}}[0-9０-９XxＸｘ](?![0-9０-９A-Za-z])"
)
"""GB 11643: region 6, birth date 8, serial 3, check character. No region begins with 20, but many an order number."""
_CARD: Final = re.compile(
    f"{_START}(?:{_D}{{16,19}}|{_D}{{4}}(?:{_S}{_D}{{4}}){{3}}(?:{_S}{_D}{{1,3}})?){_END}"
)
"""ISO/IEC 7812 as banks issue them: 16 to 19 digits, in fours where they are grouped. Those from 0, 1 and 20 on belong
to no bank; times in microseconds and dated order numbers begin so."""
_INTERNATIONAL: Final = re.compile(
    rf"(?<![0-9０-９A-Za-z])(?:[+＋](?=(?:[{_SIGNS}()（）]{{0,2}}{_D}){{8}})|00(?=[1-9](?:[{_SIGNS}]{{0,2}}{_D}){{9}}))"
    rf"(?:[{_SIGNS}()（）]{{0,2}}{_D}){{8,15}}{_END}"
)
"""E.164: at most 15 digits after the sign; fewer than eight are rather an amount."""
_MOBILE: Final = re.compile(
    rf"{_START}(?:(?:[0０]{{2}})?[8８][6６]{_S})?(?:"
    rf"[1１][3-9３-９]{_D}(?:{_D}{{8}}|{_S}{_D}{{4}}{_S}{_D}{{4}}|{_S}{_D}{{3}}{_S}{_D}{{5}}|{_S}{_D}{{8}}"
    rf"|{_D}{_S}{_D}{{3}}{_S}{_D}{{4}}|{_D}{_S}{_D}{{4}}{_S}{_D}{{3}}|{_D}{{2}}{_S}{_D}{{6}}|{_D}{{3}}{_S}{_D}{{5}}"
    rf"|{_S}{_D}{{4}}(?:{_S}{_D}{{2}}){{2}}|(?:{_S}{_D}{{2}}){{4}})"
    rf"|[1１][{_SIGNS}][3-9３-９](?:[{_SIGNS}]{_D}){{9}}"
    rf"){_END}"
)
"""Eleven digits that begin with 13 to 19, in the groups that people write; other groups are rather several amounts."""
_AREA: Final = f"[0０](?:[1１][0０]|[2２]{_D}|[3-9３-９]{_D}{{2}})"
_FIXED: Final = re.compile(
    rf"(?:[(（]{_AREA}[)）]|{_START}{_AREA}){_S}[2-9２-９]{_D}{{2}}(?:{_D}?{_S}{_D}{{4}}|{_D}{_S}{_D}{{3}}){_END}"
)
"""Area code and seven or eight digits. A number without its area code is left: so short, it may be any number."""

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_BIRTH: Final = re.compile(
    r"[1-8][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]"
)


def mask(text: str) -> str:
    """Return `text` with personal data written as `*`, but for the last two characters; the length stays.

    Masked are mobile, fixed-line and international telephone numbers, identity-card and bank-card numbers, e-mail
    addresses (the top-level domain stays) and number plates; names beside a title or an introduction and house numbers
    (`models.identifying`) whole; not amounts, dates, service numbers such as 10086 and 400-800-1234, nor other numbers of
    fewer than eleven digits. Masking twice changes nothing. Never raises.
    """
    text = hide_words(text)
    if _SIGN.search(text) is None and "@" not in text and "＠" not in text:
        return text
    masked = _masked(text)
    # What is left of a number could, with what follows it, look like another one.
    while masked != text:
        text = masked
        masked = _masked(text)
    return text


def _masked(text: str) -> str:
    if "@" in text or "＠" in text:
        text = _MAIL.sub(_hide_mail, text)
    if _SIGN.search(text) is None:
        return text
    text = _PLATE.sub(_hide, text)
    text = _IDENTITY.sub(_hide_identity, text)
    text = _CARD.sub(_hide_card, text)
    text = _INTERNATIONAL.sub(_hide, text)
    text = _MOBILE.sub(_hide, text)
    return _FIXED.sub(_hide, text)


def _hide(match: re.Match[str]) -> str:
    found = match[0]
    return "*" * (len(found) - KEPT) + found[-KEPT:]


def _hide_mail(match: re.Match[str]) -> str:
    found = match[0]
    sign = max(found.rfind("@"), found.rfind("＠"))
    dot = found.rfind(".")
    return "*" * sign + found[sign] + "*" * (dot - sign - 1) + found[dot:]


def _hide_identity(match: re.Match[str]) -> str:
    number = _characters(match[0])
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    # One mistyped digit hides nobody: a number with a birth date in its place counts as well.
    if _CHECKS[total % 11] == number[17] or _BIRTH.fullmatch(number):
        return _hide(match)
    return match[0]


def _hide_card(match: re.Match[str]) -> str:
    total = 0
    for place, digit in enumerate(reversed(_characters(match[0]))):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return match[0] if total % 10 else _hide(match)


def _characters(found: str) -> str:
    """The digits and check character alone, in ASCII."""
    return "".join(
        [
            str(int(char)) if char.isdecimal() else "X"
            for char in found
            if char.isdecimal() or char in "XxＸｘ"
        ]
    )


class Pseudonymiser:
    """Pseudonyms of customers: a keyed hash, so that whoever has no key can neither find nor guess an id.

    Args:
        key: secret bytes, at least one; a longer key than 64 bytes, BLAKE2's most, counts by its hash.

    Raises:
        ValueError: the key is empty.
    """

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        if not key:
            raise ValueError("the key of the pseudonyms is empty: anybody could recompute them")
        if len(key) > blake2b.MAX_KEY_SIZE:
            key = blake2b(key).digest()
        self._keyed: Final = blake2b(key=key, digest_size=12)

    def of(self, customer_id: str) -> str:
        """Return the pseudonym: 24 hexadecimal digits, the same for the same key and id."""
        keyed = self._keyed.copy()
        keyed.update(customer_id.encode("utf-8", "surrogatepass"))
        return keyed.hexdigest()
