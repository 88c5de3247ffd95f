"""Notifications as messages of chat robots, from templates that are data: what stands where, in which words, how long at most.

A template is YAML: `bytes_max`, `body` (what the platform wants, as a tree whose texts may hold `${title}`, `${text}` and `${colour}`), `colours`
by severity, and for each language the texts `title`, `head`, `item`, `more`, `foot` and the words for severities, reasons and roles.
`PLACES` says what may stand in which text. Everything that came from outside is made harmless: no line, link or mention can be
smuggled in.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Any, Final
from zoneinfo import ZoneInfo

from models.datafile import fail as refuse
from models.datafile import known_keys, mapping, needed, number, parse, text
from models.naming import Names
from models.notices import EscalationRole
from models.notification import News, Notification, NotificationItem, place_of

LANGUAGES: Final = ("en", "zh")
SEVERITIES: Final = ("critical", "major", "minor", "warning", "cleared")
_WHOLE: Final = frozenset({"severity", "news", "place", "open", "time", "role", "summary", "id", "level"})
PLACES: Final[Mapping[str, frozenset[str]]] = {
    "title": _WHOLE,
    "head": _WHOLE,
    "item": frozenset({"severity", "news", "rule", "cell", "summary", "warning", "link"}),
    "more": frozenset({"count"}),
    "foot": _WHOLE,
}
"""Text of a template -> what it may hold as `${...}`."""
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "severities": SEVERITIES,
    "news": tuple(one.value for one in News),
    "roles": tuple(one.value for one in EscalationRole),
}
_OUTER: Final = frozenset({"title", "text", "colour"})
_HARMFUL: Final = str.maketrans(
    {"<": "＜", ">": "＞", "[": "［", "]": "］", "`": "'", "@": "＠", "*": "＊", "#": "＃"}
)
_BLANK: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Wording:
    """One language of a template."""

    texts: Mapping[str, Template]
    words: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """How one platform is written to."""

    bytes_max: int
    """Of `${text}`, in UTF-8."""
    body: Mapping[str, Any]
    colours: Mapping[str, str]
    languages: Mapping[str, Wording]


def parse_template(source: str, name: str) -> ChatTemplate:
    """Read a template.

    Raises:
        DataFileError: it is wrong; the first mistake with file, place and remedy.
    """
    document = parse(source, name)
    known_keys(document, ("bytes_max", "body", "colours", *LANGUAGES), name, "")
    body = mapping(needed(document, "body", name, ""), name, "body")
    for place, leaf in _leaves(body, "body"):
        _holds(leaf, _OUTER, name, place)
    colours = _words(document, "colours", SEVERITIES, name, "")
    return ChatTemplate(
        int(number(needed(document, "bytes_max", name, ""), name, "bytes_max", 200, 1_000_000)),
        body,
        colours,
        {language: _wording(document, language, name) for language in LANGUAGES},
    )


def _wording(document: Mapping[str, Any], language: str, name: str) -> Wording:
    entry = mapping(needed(document, language, name, ""), name, language)
    known_keys(entry, (*PLACES, *_WORDS), name, language)
    texts = {}
    for key, places in PLACES.items():
        given = needed(entry, key, name, language)
        if given != "":
            text(given, name, f"{language}.{key}")
        texts[key] = _holds(given, places, name, f"{language}.{key}")
    return Wording(texts, {key: _words(entry, key, values, name, language) for key, values in _WORDS.items()})


def _words(
    entry: Mapping[str, Any], key: str, values: tuple[str, ...], name: str, place: str
) -> dict[str, str]:
    place = f"{place}.{key}" if place else key
    found = mapping(needed(entry, key, name, place.rpartition(".")[0]), name, place)
    known_keys(found, values, name, place)
    return {value: text(needed(found, value, name, place), name, f"{place}.{value}") for value in values}


def _holds(given: str, places: frozenset[str], name: str, place: str) -> Template:
    template = Template(given)
    if not template.is_valid():
        refuse(name, place, "holds a $ that begins nothing", "write $$ for a dollar sign")
    for identifier in template.get_identifiers():
        if identifier not in places:
            refuse(name, place, f"holds ${{{identifier}}}", f"use {', '.join(sorted(places))}")
    return template


def _leaves(tree: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, str):
        yield place, tree
    elif isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, f"{place}.{key}")
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _leaves(value, f"{place}[{index}]")


def write(
    template: ChatTemplate,
    language: str,
    notification: Notification,
    names: Names,
    zone: ZoneInfo,
    link: str = "",
) -> dict[str, Any]:
    """Return the message. As many warnings as fit are written out, the gravest first; the others are counted."""
    wording = template.languages[language]
    number_ = LANGUAGES.index(language)
    values = {
        "severity": _word(wording, "severities", notification.severity),
        "news": "、".join(_news(wording, notification.reasons))
        if number_
        else ", ".join(_news(wording, notification.reasons)),
        "place": place_of(names, notification.labels, number_),
        "open": str(notification.open_count),
        "time": _local(notification.time, zone),
        "role": _word(wording, "roles", notification.notify),
        "summary": notification.summary_zh if number_ else notification.summary,
        "id": notification.id,
        "level": str(notification.level),
    }
    values = {name: harmless(value) for name, value in values.items()}
    head, foot = (wording.texts[key].substitute(values) for key in ("head", "foot"))
    items = [_item(wording, item, names, number_, link) for item in notification.items]
    outer = {
        "title": wording.texts["title"].substitute(values),
        "text": _fitting(head, items, foot, wording.texts["more"], template.bytes_max),
        "colour": template.colours.get(notification.severity, template.colours["warning"]),
    }
    filled: dict[str, Any] = _filled(template.body, outer)
    return filled


def _item(wording: Wording, item: NotificationItem, names: Names, language: int, link: str) -> str:
    values = {
        "severity": _word(wording, "severities", item.severity),
        "news": ("、" if language else ", ").join(_news(wording, item.reasons)),
        "rule": item.rule,
        "cell": names.cell_zh(item.cell) if language else names.cell(item.cell),
        "summary": item.summary_zh if language else item.summary,
        "warning": item.warning_id,
    }
    found = {name: harmless(value) for name, value in values.items()}
    return wording.texts["item"].substitute(found, link=link.replace("{id}", found["warning"]))


def _fitting(head: str, items: list[str], foot: str, more: Template, most: int) -> str:
    for shown in range(len(items), -1, -1):
        rest = [more.substitute(count=len(items) - shown)] if shown < len(items) else []
        text = "\n".join(part for part in (head, *items[:shown], *rest, foot) if part)
        if len(text.encode()) <= most:
            return text
    return cut(head, most)


def cut(text: str, most: int) -> str:
    """Return a text of so many bytes of UTF-8 at most, between characters, with a mark where something is missing."""
    raw = text.encode()
    if len(raw) <= most:
        return text
    return raw[: most - len(CUT.encode())].decode("utf-8", "ignore") + CUT


def harmless(text: str) -> str:
    """Return a text in one line, without marks that a chat would take for markup, a link or a mention."""
    return _BLANK.sub(" ", text).translate(_HARMFUL).strip()


def _filled(tree: Any, values: Mapping[str, str]) -> Any:
    if isinstance(tree, str):
        return Template(tree).substitute(values)
    if isinstance(tree, Mapping):
        return {key: _filled(value, values) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_filled(value, values) for value in tree]
    return tree


def _news(wording: Wording, reasons: tuple[str, ...]) -> list[str]:
    return [_word(wording, "news", reason) for reason in reasons]


def _word(wording: Wording, kind: str, value: str) -> str:
    return wording.words[kind].get(value, value)


def _local(time: str, zone: ZoneInfo) -> str:
    try:
        return datetime.fromisoformat(time).astimezone(zone).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return time


def encoded(message: Mapping[str, Any]) -> bytes:
    """Return the bytes that are sent."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
