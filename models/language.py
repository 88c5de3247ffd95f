"""Which language a text is written in, told by its share of Chinese characters."""

from typing import Final

_CHINESE_SHARE: Final = 0.4
"""A text of which more than this share of characters is Chinese is Chinese: a Chinese character says as much as
several Latin letters, and addresses and product names are Latin in any Chinese text."""
_ENGLISH_SHARE: Final = 0.08


def language_of(text: str) -> str:
    """Return zh, en or mixed; of an empty text, and of one in any other script of one or two bytes, en."""
    # A Chinese character takes three bytes in UTF-8, a Latin one takes one: the length tells without a loop.
    share = (len(text.encode("utf-8", "surrogatepass")) - len(text)) / 2 / max(1, len(text))
    if share > _CHINESE_SHARE:
        return "zh"
    return "en" if share < _ENGLISH_SHARE else "mixed"
