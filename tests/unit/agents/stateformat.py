"""State records as a release leaves them in its changelogs: a few of each kind, from two simulated days.

    .venv/bin/python -m tests.unit.agents.stateformat     writes golden/state-<format>.jsonl, once

A golden file is never written again: it holds what an older release wrote, and today's must read it or refuse it by its
format. Each line has the record's bytes and, beside them, what they say.
"""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any, Final

import msgspec

from models.stored import FORMAT
from tests.unit.topics.recorded import broker

GOLDEN: Final = Path(__file__).with_name("golden")
BYTES_MOST: Final = 2_500
"""The judges' states grow to hundreds of kilobytes, and small ones say as much."""
CHANGELOGS: Final = ("windows", "complaints", "calls")
EACH: Final = 2
WORDS: Final = ("at work", "drained")
"""Bodies of an owner's record; all others are MessagePack or empty."""


def lines() -> list[dict[str, Any]]:
    """Return the largest records of each kind that are not too large."""
    run = broker()
    found = []
    for place, log in run.logs.items():
        name = place.topic.removeprefix("barometer-").removesuffix("-changelog")
        if name == place.topic or name not in CHANGELOGS:
            continue
        kinds: dict[str, list[tuple[int, bytes, bytes]]] = {}
        for number, record in enumerate(log):
            if record.key and record.value and len(record.value) <= BYTES_MOST:
                kind = record.key.decode().partition("|")[0]
                kinds.setdefault(kind, []).append((number, record.key, record.value))
        for records in kinds.values():
            largest = sorted(records, key=lambda one: len(one[2]))[-EACH:]
            found += [line_of(name, key, value) for _, key, value in sorted(largest)]
    return found


def line_of(changelog: str, key: bytes, value: bytes) -> dict[str, Any]:
    """Return one line: the bytes, and what stands in them by the rules of MessagePack alone."""
    format_, version, source, stamp, body = msgspec.msgpack.decode(value)
    says: Any = body.decode("ascii", "replace")
    if body and says not in WORDS:
        says = msgspec.json.decode(msgspec.json.encode(msgspec.msgpack.decode(body)))
    return {
        "simulated": True, "changelog": changelog, "key": key.decode(), "value": b64encode(value).decode(),
        "format": format_, "version": version, "source": source, "stamp": stamp, "says": says,
    }  # fmt: skip


if __name__ == "__main__":
    path = GOLDEN / f"state-{FORMAT}.jsonl"
    if path.exists():
        raise SystemExit(f"{path.name} is there: what a release has written does not change")
    path.write_text(
        "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines()), encoding="utf-8"
    )
