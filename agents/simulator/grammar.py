"""What customers write: texts composed by a grammar, in Chinese, English and both.

Owns the notation of `data/texts_*.yaml` and the order of a text's parts:

    [opening | urge | again] situation [detail] [demand] [closing] [how to be reached]

The situation makes the subcategory; everything else is what people add. Parts and slots are drawn independently, so
that a subcategory has many thousands of texts. Nothing here classifies.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import cache
from typing import Any, Final

from agents.simulator.data import Mix, document

Pick = Callable[[], float]
"""A source of uniform numbers in [0, 1)."""
Part = str | tuple[str, ...] | None
"""Fixed text, alternatives, or the customer's city."""
Template = tuple[Part, ...]


class Again(IntEnum):
    """Whether the customer has complained about this before."""

    FIRST = 0
    URGE = 1
    REPEAT = 2


class Language(IntEnum):
    """What a text is written in; the order is that of `mix.yaml`."""

    ZH = 0
    EN = 1
    MIXED = 2


# Shares of texts with each part (assumptions).
OPENING_SHARE: Final = 0.55
DETAIL_SHARE: Final = 0.55
DEMAND_SHARE: Final = 0.42
CLOSING_SHARE: Final = 0.25
CONTACT_SHARE: Final = 0.004
"""Texts with a telephone number or address, which have to be masked downstream."""

_SLOT: Final = re.compile(r"\{([^{}]*)\}")
_RANGE: Final = re.compile(r"(\d+)\.\.(\d+)")

# (between parts, at the end), as people write; doubled where common.
_PUNCTUATION: Final[dict[Language, tuple[tuple[str, str], ...]]] = {
    Language.ZH: (
        ("，", "。"),
        ("，", "。"),
        ("，", ""),
        ("。", "。"),
        ("，", "！"),
        (" ", ""),
        ("，", "！！"),
    ),
    Language.EN: ((". ", "."), (", ", "."), (". ", "."), (", ", ""), (". ", "!"), (" ", "")),
}


class _Grammar:
    """The templates of one language, compiled."""

    def __init__(self, name: str, mix: Mix) -> None:
        source = document(name)
        slots = {key: _alternatives(str(value)) for key, value in source["slots"].items()}
        slots["tail"] = _alternatives(str(source["tail"]))
        # A slot's values may have alternatives of their own; they are written out once, here.
        self._slots: Mapping[str, tuple[str, ...]] = {
            key: tuple(text for value in values for text in _written_out(value, slots))
            for key, values in slots.items()
        }
        self.opening, self.urge, self.again, self.demand, self.closing, self.contact = (
            self._compile(source[key]) for key in ("opening", "urge", "again", "demand", "closing", "contact")
        )
        categories: dict[str, dict[str, str]] = source["categories"]
        details = {category: self._compile(entry["detail"]) for category, entry in categories.items()}
        self.detail = [details[subject.category] for subject in mix.subjects]
        self.situation = [
            self._compile(categories[subject.category][subject.code.partition(".")[2]])
            for subject in mix.subjects
        ]

    def _compile(self, block: str) -> tuple[Template, ...]:
        return tuple(self._template(line.strip()) for line in block.splitlines() if line.strip())

    def _template(self, line: str) -> Template:
        parts: list[Part] = []
        for index, piece in enumerate(_SLOT.split(line)):
            if index % 2 == 0:
                if piece:
                    parts.append(piece)
            elif piece == "city":
                parts.append(None)
            elif "|" in piece:
                parts.append(tuple(piece.split("|")))
            elif piece in self._slots:
                parts.append(self._slots[piece])
            else:
                raise ValueError(f"the template {line!r} names the slot {piece!r}, which does not exist")
        return tuple(parts)


class Texts:
    """Composes the texts of complaints."""

    def __init__(self, mix: Mix) -> None:
        self._zh = _Grammar("texts_zh.yaml", mix)
        self._en = _Grammar("texts_en.yaml", mix)

    def compose(self, subject: int, language: int, again: int, city: tuple[str, str], pick: Pick) -> str:
        """Return one text.

        Args:
            subject: index into the mix's subjects.
            language: a `Language`.
            again: an `Again`; urges and repeats begin as such.
            city: Chinese and English name.
            pick: uniform numbers; the text depends on them alone.
        """
        zh = language != Language.EN
        frame = self._zh if zh else self._en
        name = city[0] if zh else city[1]
        lead = ""
        if again:
            lead = _render(_one(frame.urge if again == Again.URGE else frame.again, pick), name, pick)
        elif pick() < OPENING_SHARE:
            lead = _render(_one(frame.opening, pick), name, pick)
        if lead and not zh:
            lead += " "
        if language == Language.MIXED:
            parts = [_render(_one(self._en.situation[subject], pick), city[1], pick)]
        else:
            parts = [_render(_one(frame.situation[subject], pick), name, pick)]
        if pick() < DETAIL_SHARE:
            parts.append(_render(_one(frame.detail[subject], pick), name, pick))
        if pick() < DEMAND_SHARE:
            parts.append(_render(_one(frame.demand, pick), name, pick))
        if pick() < CLOSING_SHARE:
            parts.append(_render(_one(frame.closing, pick), name, pick))
        if pick() < CONTACT_SHARE:
            parts.append(_render(_one(frame.contact, pick), name, pick))
        between, end = _one(_PUNCTUATION[Language.ZH if zh else Language.EN], pick)
        text: str = lead + between.join(parts)
        return text if text.endswith(("?", "？")) else text + end


@cache
def load_texts(mix: Mix) -> Texts:
    """Read and compile both grammars; about 20 ms, once."""
    return Texts(mix)


def _render(template: Template, city: str, pick: Pick) -> str:
    return "".join(
        [
            part if part.__class__ is str else part[int(pick() * len(part))] if part is not None else city
            for part in template
        ]
    )


def _one(options: Sequence[Any], pick: Pick) -> Any:
    return options[int(pick() * len(options))]


def _alternatives(block: str) -> tuple[str, ...]:
    bounds = _RANGE.fullmatch(block.strip())
    if bounds:
        return tuple(str(number) for number in range(int(bounds[1]), int(bounds[2]) + 1))
    return tuple(line.strip() for line in block.splitlines() if line.strip())


def _written_out(value: str, slots: Mapping[str, tuple[str, ...]]) -> list[str]:
    slot = _SLOT.search(value)
    if slot is None:
        return [value]
    options = slot[1].split("|") if "|" in slot[1] else slots[slot[1]]
    return [
        text
        for option in options
        for text in _written_out(value[: slot.start()] + option + value[slot.end() :], slots)
    ]
