"""Reading a file of receivers, with errors that name line, field and remedy.

    receivers:
      - id: noc
        kind: alertmanager
        url: http://alertmanager:9093
      - id: duty-chat
        kind: wecom
        url_file: /run/secrets/wecom_url
        match: {notify: team_lead|department_head}

Owns the file format and every check on it that needs no other file. docs/delivery.md documents it.
"""

import re
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from models.datafile import mapping
from models.dutyfile import duration_of, matchers_of
from models.mistakes import Mistake
from models.receivers import CHATS, Platform, Receiver
from models.ruleentry import Entry

FILE: Final = "receivers.yaml"
_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_COMMON: Final = (
    *("id", "kind", "url", "url_file", "ca_file", "proxy", "match", "suppressed", "link"),
    *("timeout", "patience"),
)
_OF_KIND: Final[dict[Platform, tuple[str, ...]]] = {
    Platform.ALERTMANAGER: ("bearer_file", "resend", "hold"),
    Platform.WEBHOOK: ("bearer_file", "secret_file"),
    Platform.WECOM: ("language", "template"),
    Platform.DINGTALK: ("language", "template", "secret_file"),
    Platform.FEISHU: ("language", "template", "secret_file"),
}
_DURATIONS: Final = {"timeout": 1, "patience": 1, "resend": 1, "hold": 2}
"""Key -> least seconds."""
_FILES: Final = ("url_file", "secret_file", "bearer_file", "ca_file", "template")


class CheckedReceivers(NamedTuple):
    """What came of reading a file."""

    receivers: tuple[Receiver, ...]
    """Empty where there are mistakes."""
    mistakes: tuple[Mistake, ...]


def check_receivers(source: str, name: str = FILE) -> CheckedReceivers:
    """Parse a file and find every mistake in it."""
    whole, mistakes = Entry.document(source, name)
    if whole is None:
        return CheckedReceivers((), tuple(mistakes))
    whole.only(("receivers",))
    found = _entries(whole)
    return CheckedReceivers(() if mistakes else found, tuple(mistakes))


def _entries(whole: Entry) -> tuple[Receiver, ...]:
    entries = whole.values.get("receivers")
    if not isinstance(entries, list) or not entries:
        whole.note("receivers", "is no list of receivers", "write one `- id: ...` entry for each")
        return ()
    found: dict[str, Receiver] = {}
    for number, value in enumerate(entries):
        place = f"receivers[{number}]"
        values = whole.tried(mapping, value, whole.name, place)
        if values is None:
            continue
        entry = Entry(values, whole.name, place, whole.mistakes)
        receiver = _receiver(entry)
        if receiver is None:
            continue
        if receiver.id in found:
            entry.note(
                "id", f"is {receiver.id!r} a second time", "give each its own: its position is kept by it"
            )
        found[receiver.id] = receiver
    return tuple(found.values())


def _receiver(entry: Entry) -> Receiver | None:
    id = entry.tried(entry.text, "id")
    kind = entry.tried(entry.choice, "kind", Platform)
    if id is not None and not _ID.fullmatch(id):
        entry.note("id", f"is {id!r}", "write small letters, digits and hyphens, 32 at most, a letter first")
        id = None
    if kind is None:
        return None
    allowed = (*_COMMON, *_OF_KIND[kind])
    for key in entry.values:
        if key not in allowed:
            own = [str(one) for one, keys in _OF_KIND.items() if key in keys]
            remedy = f"only {', '.join(own)} has it; remove it" if own else f"use one of {', '.join(allowed)}"
            entry.note(key, f"is not known to {kind}", remedy)
    options: dict[str, Any] = {}
    _address(entry, kind, options)
    for key in _FILES:
        if key in entry.values and (text := entry.tried(entry.text, key)) is not None:
            options[key] = Path(text)
    for key, least in _DURATIONS.items():
        if key in entry.values and (seconds := entry.tried(duration_of, entry, key, least)) is not None:
            options[f"{key}_seconds"] = float(seconds)
    for key, read in (("suppressed", _yes_or_no), ("language", _language), ("link", _link)):
        if key in entry.values and (value := entry.tried(read, entry, key)) is not None:
            options[key] = value
    match = matchers_of(entry, "match", is_needed=False)
    if id is None:
        return None
    receiver = Receiver(id=id, kind=kind, match=match, **options)
    if receiver.hold_seconds < 2 * receiver.resend_seconds:
        entry.note(
            "hold",
            "is less than twice resend",
            "hold longer, or what goes on would seem to be over now and then",
        )
    return receiver


def _address(entry: Entry, kind: Platform, options: dict[str, Any]) -> None:
    given = [key for key in ("url", "url_file") if key in entry.values]
    if len(given) != 1:
        entry.note(
            "url", "and url_file: one of them is needed", "write the address, or name a file that holds it"
        )
    for key in ("url", "proxy"):
        if key not in entry.values or (text := entry.tried(entry.text, key)) is None:
            continue
        if not is_address(text):
            entry.note(key, "is no address", "write http://host:port/path or https://host/path")
        options[key] = text
    if kind in CHATS and "url" in given and "?" in str(options.get("url", "")):
        entry.note("url", "of a chat robot holds its key", "put it into a file and name that as url_file")


def is_address(text: str) -> bool:
    """Return whether this is an HTTP address with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _yes_or_no(entry: Entry, key: str) -> bool:
    value = entry.values[key]
    if not isinstance(value, bool):
        entry.fail(key, f"is {value!r}", "write true or false")
    return value


def _language(entry: Entry, key: str) -> str:
    value = entry.text(key)
    if value not in {"zh", "en"}:
        entry.fail(key, f"is {value!r}", "write zh or en")
    return value


def _link(entry: Entry, key: str) -> str:
    value = entry.text(key)
    if not is_address(value) or "{id}" not in value:
        entry.fail(key, f"is {value!r}", "write an address with {id} where the warning's id belongs")
    return value
