"""Reading `notices.yaml`, with errors that name file, place and remedy. The file documents its format where people edit it."""

from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any, Final

from models.datafile import fail, known_keys, parse, source_of
from models.events import PerceivedSeverity
from models.noticepolicy import TEXTS, Bad, NoticePolicy, Words
from models.ruleentry import Entry

FILE: Final = "notices.yaml"
_SERVICES_MAX: Final = 2_000_000_000


@lru_cache(maxsize=4)
def load_notices(path: Path | None = None) -> NoticePolicy:
    """Read a policy, once in a process; None reads the packaged one.

    Raises:
        DataFileError: the file cannot be read or is wrong; the message says where and what to do.
    """
    return parse_notices(*source_of(path, FILE))


def parse_notices(source: str, name: str = FILE) -> NoticePolicy:
    """Parse and check the file; the errors are those of `load_notices`."""
    keys = ("faults", "planned", "wait", "updates", "services", "unnamed", "place", "texts")
    whole = Entry.of(parse(source, name), name, "", keys)
    planned, updates, texts = whole.entry("planned"), whole.entry("updates"), whole.entry("texts")
    known_keys(planned.values, ("at_least", "ahead"), name, "planned")
    known_keys(updates.values, ("first_day", "afterwards"), name, "updates")
    known_keys(texts.values, TEXTS, name, "texts")
    return NoticePolicy(
        faults=_faults(whole),
        planned_services=planned.whole("at_least", 0, _SERVICES_MAX),
        ahead=planned.seconds("ahead"),
        wait=whole.seconds("wait", or_none=True),
        first_day=updates.seconds("first_day"),
        afterwards=updates.seconds("afterwards"),
        services={
            code: _words(value, name, f"services.{code}")
            for code, value in whole.entry("services").values.items()
        },
        unnamed=_words(whole.values.get("unnamed"), name, "unnamed"),
        place=_words(whole.values.get("place"), name, "place"),
        texts={text: _text(texts, text) for text in TEXTS},
    )


def _faults(whole: Entry) -> tuple[Bad, ...]:
    listed = whole.values.get("faults")
    if not isinstance(listed, list):
        whole.fail(
            "faults", "is no list", "write for example [{severity: major, at_least: 100}]; []: nobody is told"
        )
    found = []
    for number, value in enumerate(listed):
        entry = Entry.of(value, whole.name, f"faults[{number}]", ("severity", "at_least"))
        found.append(
            Bad(entry.choice("severity", PerceivedSeverity), entry.whole("at_least", 0, _SERVICES_MAX))
        )
    return tuple(found)


def _text(texts: Entry, key: str) -> Words:
    words = _words(texts.values.get(key), texts.name, texts.at(key))
    for language, written in words._asdict().items():
        place = f"{texts.at(key)}.{language}"
        try:
            named = {field for _, field, _, _ in Formatter().parse(written) if field is not None}
        except ValueError as error:
            fail(texts.name, place, f"cannot be filled in ({error})", "write a brace that is meant twice")
        if named - TEXTS[key]:
            allowed = ", ".join(f"{{{field}}}" for field in sorted(TEXTS[key]))
            fail(texts.name, place, f"names {', '.join(sorted(named - TEXTS[key]))}", f"use {allowed}")
    return words


def _words(value: Any, name: str, place: str) -> Words:
    entry = Entry.of(value, name, place, ("en", "zh"))
    return Words(entry.text("en"), entry.text("zh"))
