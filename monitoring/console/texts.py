"""Every label of the console in English and Chinese. All data: a page names a text, and a language chooses."""

from collections.abc import Callable, Iterable
from typing import Final, Literal

from monitoring.console.labels import board, frame, handover, pages, warning

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
HTML_LANGUAGE: Final = {"en": "en-US", "zh": "zh-CN"}
Say = Callable[[str], str]

TEXTS: Final[dict[str, tuple[str, str]]] = {
    name: text
    for labels in (frame.LABELS, board.LABELS, warning.LABELS, pages.LABELS, handover.LABELS)
    for name, text in labels.items()
}


def sayer(language: Language) -> Say:
    """Return what turns a text's name into its words; an unknown name is an error of the program (KeyError)."""
    place = LANGUAGES.index(language)
    return lambda name: TEXTS[name][place]


def words(language: Language, prefixes: Iterable[str]) -> dict[str, str]:
    """Return the texts whose names are or begin with one of `prefixes`, for a component in the browser."""
    wanted = tuple(prefixes)
    place = LANGUAGES.index(language)
    return {
        name: text[place]
        for name, text in TEXTS.items()
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in wanted)
    }


def labelled(text: str) -> dict[Language, str]:
    """Return what a label says in each language: `English | 中文`, or one text for both."""
    english, _, chinese = (part.strip() for part in text.partition("|"))
    return {"en": english, "zh": chinese or english}


def other(language: Language) -> Language:
    """Return the language that a click leads to."""
    return "zh" if language == "en" else "en"
