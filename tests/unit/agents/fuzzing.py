"""Records that no pipeline may count: each invalid by construction, with the reason and the field it must be refused for.

A record starts as a valid event of its stream with every field given, gets one flaw, and travels in any form that
records may have; other flaws are those of the record: its bytes, its size, its CloudEvents attributes. Two kinds
decode, and are refused for their time: `future` always, `late` in a partition that has seen something newer. Seeded:
equal seeds give equal records.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from random import Random
from typing import Final, NamedTuple

from models.decode import HEARTBEAT_TYPE, MAX_ID, MAX_NESTING, MAX_SOURCE
from models.errors import RejectReason
from models.events import MAX_RECORD_BYTES
from models.measures import Stream
from tests.unit.agents import flaws
from tests.unit.agents.flaws import EVENTS, TIME, Event, Flaw, word
from topics.catalogue import decoders, input_of

Headers = tuple[tuple[str, bytes | None], ...]
LARGE_EVERY: Final = 8
"""Records that are too large, a quarter of a megabyte each, come in one of so many turns; deep ones stand in."""


class Fuzzed(NamedTuple):
    """One record that must go to the dead letters, and why."""

    key: bytes
    """Unique; also where the record is found again in its dead letter."""
    stream: Stream
    kind: str
    value: bytes | None
    headers: Headers
    reason: RejectReason
    field: str


class Broken(NamedTuple):
    """A whole record and what is wrong with it."""

    value: bytes | None
    headers: Headers
    reason: RejectReason
    field: str


def fuzzed(count: int, seed: int) -> Iterator[Fuzzed]:
    """Yield `count` records, of every stream and, in turn, of every kind."""
    chance = Random(seed)
    turns = cycle((kind, stream) for kind in KINDS for stream in Stream)
    for number, (kind, stream) in enumerate(islice(turns, count)):
        event = {"id": f"bad-{seed}-{number}", **EVENTS[stream]}
        if kind == "too large" and chance.randrange(LARGE_EVERY):
            kind = "too deep"  # noqa: PLW2901
        broken = KINDS[kind](chance, stream, event)
        yield Fuzzed(f"fuzz-{seed}-{number}".encode(), stream, kind, *broken)


def _travelling(
    flawed: Callable[[Random, Stream, Event], Flaw], *, located: bool = True
) -> Callable[[Random, Stream, Event], Broken]:
    """Return what puts the flaw into a record of any form; `located`: the field is named by its place in the record."""

    def record(chance: Random, stream: Stream, event: Event) -> Broken:
        event_id = event["id"]
        flaw = flawed(chance, stream, event)
        data = _json(flaw.event)
        form = chance.choice(["plain", "binary", "structured", "base64"])
        if form == "plain":
            return Broken(
                data, (("traceparent", b"00-ab-cd-01"),) * chance.randrange(2), flaw.reason, flaw.field
            )
        if form == "binary":
            return Broken(data, _binary(stream, event_id), flaw.reason, flaw.field)
        inside = {"data": flaw.event} if form == "structured" else {"data_base64": b64encode(data).decode()}
        envelope = _envelope(stream, event_id) | inside
        field = f"{next(iter(inside))}.{flaw.field}" if located else flaw.field
        return Broken(_json(envelope), STRUCTURED, flaw.reason, field)

    return record


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


STRUCTURED: Final[Headers] = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)


def _ce_type(stream: Stream) -> str:
    return decoders()[input_of(stream)].ce_type


def _binary(stream: Stream, event_id: str) -> Headers:
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", b"/fuzz"),
        ("ce_type", _ce_type(stream).encode()),
        ("ce_time", TIME.encode()),
        ("content-type", b"application/json"),
    )


def _envelope(stream: Stream, event_id: str) -> Event:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/fuzz",
        "type": _ce_type(stream),
        "time": TIME,
    }


def _no_id(chance: Random, stream: Stream, event: Event) -> Broken:
    data = {name: value for name, value in event.items() if name != "id"}
    if chance.random() < 0.5:
        headers = tuple(pair for pair in _binary(stream, "x") if pair[0] != "ce_id")
        return Broken(_json(data), headers, RejectReason.MISSING_FIELD, "id")
    envelope = {name: value for name, value in _envelope(stream, "x").items() if name != "id"}
    return Broken(_json(envelope | {"data": data}), STRUCTURED, RejectReason.MISSING_FIELD, "id")


def _malformed(chance: Random, stream: Stream, event: Event) -> Broken:
    headers = chance.choice([(), _binary(stream, event["id"]), STRUCTURED])
    document = _envelope(stream, event["id"]) | {"data": event} if headers == STRUCTURED else event
    whole = _json(document)
    value = chance.choice(
        [
            whole[: chance.randrange(1, len(whole))],
            whole + chance.choice([b"}", b"{}", b" x", b"\x00", b",", whole]),
            whole.replace(b'"', b"'"),
            whole[:-1] + b',"x":NaN}',
            whole[:-1] + b",}",
            whole[:-1] + b',"x":01}',
            b"// a comment\n" + whole,
            b"\xef\xbb\xbf" + whole,
            json.dumps(document).encode("utf-16"),
            word(chance, 30).encode(),
            b" \n\t",
            b"\x00" + chance.randbytes(40),
        ]
    )
    return Broken(value, headers, RejectReason.MALFORMED_JSON, "")


def _not_utf8(chance: Random, stream: Stream, event: Event) -> Broken:
    """Inside a field that nobody knows, where a parser might look away."""
    bad = chance.choice(
        [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80", b"\xc0\xaf", "乱码".encode("gbk")]
    )
    value = _json(event)[:-1] + b',"unknown":"' + bad + b'"}'
    headers = chance.choice([(), _binary(stream, event["id"])])
    return Broken(value, headers, RejectReason.MALFORMED_JSON, "")


def _not_an_object(chance: Random, stream: Stream, event: Event) -> Broken:
    value = chance.choice([[event], [], "text", 17, 2.5, True, None, json.dumps(event)])
    headers = chance.choice([(), _binary(stream, event["id"])])
    return Broken(_json(value), headers, RejectReason.NOT_AN_OBJECT, "")


def _empty(chance: Random, stream: Stream, event: Event) -> Broken:
    headers = chance.choice([(), _binary(stream, event["id"]), STRUCTURED])
    return Broken(chance.choice([None, b""]), headers, RejectReason.EMPTY, "")


def _too_large(chance: Random, stream: Stream, event: Event) -> Broken:
    value = _json(event | {"unknown": "x" * (MAX_RECORD_BYTES + chance.randrange(1_000))})
    return Broken(value, (), RejectReason.TOO_LARGE, "")


def _too_deep(chance: Random, stream: Stream, event: Event) -> Broken:
    levels = chance.choice([MAX_NESTING, MAX_NESTING + 9, 900, 5_000])
    opening, closing = chance.choice([(b"[", b"]"), (b'{"a":', b"}")])
    nested = opening * levels + b"1" + closing * levels
    return Broken(_json(event)[:-1] + b',"unknown":' + nested + b"}", (), RejectReason.TOO_LARGE, "")


def _wrong_header(chance: Random, stream: Stream, event: Event) -> Broken:
    unreadable = RejectReason.WRONG_TYPE_HEADER
    name, value, reason = chance.choice(
        [
            *(("ce_type", value, unreadable) for value in (b"", b"cx.other.v1", b"\xff", None)),
            *(("ce_specversion", value, unreadable) for value in (b"0.3", b"1", b"", None)),
            *(("ce_id", value, unreadable) for value in (b"", b"\xff\xfe", None)),
            ("ce_id", b"i" * (MAX_ID + 1 + chance.randrange(200)), RejectReason.OUT_OF_RANGE),
            *(("ce_source", value, unreadable) for value in (b"", b"a b", b" ", b"\xc3", None)),
            ("ce_source", b"s" * (MAX_SOURCE + 1 + chance.randrange(200)), RejectReason.OUT_OF_RANGE),
            *(("ce_time", value, unreadable) for value in (b"2025-03-10T10:00:00", b"now", b"", b'"', None)),
            *(
                ("content-type", b"application/" + kind, unreadable)
                for kind in (
                    b"cloudevents+avro",
                    b"cloudevents-batch+json",
                    b"cloudevents+json; charset=latin1",
                )
            ),
        ]
    )
    good = _binary(stream, event["id"])
    if chance.random() < 0.5:
        return Broken(_json(event), (*good, (name, value)), reason, name)  # repeated: the last one counts
    others = (pair for pair in good if pair[0] != name)
    return Broken(_json(event), (*others, (name, value)), reason, name)


def _wrong_envelope(chance: Random, stream: Stream, event: Event) -> Broken:
    attribute, bounds = RejectReason.WRONG_TYPE_HEADER, RejectReason.OUT_OF_RANGE
    ways: list[tuple[Event, RejectReason, str]] = [
        *(({name: None}, RejectReason.WRONG_TYPE, name) for name in ("specversion", "type", "source")),
        *(({name: 7}, RejectReason.WRONG_TYPE, name) for name in ("specversion", "type", "source", "id")),
        *(({"specversion": value}, attribute, "specversion") for value in ("0.3", "1", "")),
        *(({"type": value}, attribute, "type") for value in ("cx.other.v1", "", HEARTBEAT_TYPE)),
        *(({"source": value}, attribute, "source") for value in ("", "a b", "\n")),
        ({"source": "s" * (MAX_SOURCE + 1)}, bounds, "source"),
        ({"id": ""}, attribute, "id"),
        ({"id": "i" * (MAX_ID + 1)}, bounds, "id"),
        *(({"time": value}, RejectReason.BAD_TIME, "time") for value in (TIME[:19], "soon")),
        ({"datacontenttype": "application/xml"}, attribute, "datacontenttype"),
        ({"data_base64": "e30="}, attribute, "data_base64"),
        *(({"data": value}, RejectReason.NOT_AN_OBJECT, "data") for value in ([], "x", 3, [event])),
    ]
    changes, reason, field = chance.choice(ways)
    return Broken(
        _json(_envelope(stream, event["id"]) | {"data": event} | changes), STRUCTURED, reason, field
    )


def _hollow_envelope(chance: Random, stream: Stream, event: Event) -> Broken:
    envelope = _envelope(stream, event["id"]) | {"data": event}
    choice = chance.randrange(5)
    if choice == 0:
        name = chance.choice(["specversion", "type", "source", "data"])
        del envelope[name]
        return Broken(_json(envelope), STRUCTURED, RejectReason.MISSING_FIELD, name)
    if choice == 1:
        name = chance.choice(["ce_id", "ce_source"])
        headers = (*STRUCTURED, (name, b"/another"))
        return Broken(_json(envelope), headers, RejectReason.WRONG_TYPE_HEADER, name)
    if choice == 2:
        return Broken(_json([envelope]), STRUCTURED, RejectReason.NOT_AN_OBJECT, "")
    del envelope["data"]
    if choice == 3:
        return Broken(_json(envelope | {"data_base64": ""}), STRUCTURED, RejectReason.EMPTY, "data_base64")
    envelope["data_base64"] = chance.choice(["§", "e30", "e30=e30=", "{}"])
    return Broken(_json(envelope), STRUCTURED, RejectReason.WRONG_TYPE, "data_base64")


def _bad_heartbeat(chance: Random, stream: Stream, event: Event) -> Broken:
    value, reason, field = chance.choice(
        [
            (None, RejectReason.EMPTY, ""),
            (b"", RejectReason.EMPTY, ""),
            (b"{", RejectReason.MALFORMED_JSON, ""),
            (b"[]", RejectReason.NOT_AN_OBJECT, ""),
            (b'{"time":"2025-03-10T10:00:00"}', RejectReason.BAD_TIME, "time"),
            (b'{"time":12}', RejectReason.BAD_TIME, "time"),
            (b'{"time":[]}', RejectReason.WRONG_TYPE, "time"),
            (b'{"expectedOffset":"7"}', RejectReason.WRONG_TYPE, "expectedOffset"),
        ]
    )
    return Broken(value, (("ce_type", HEARTBEAT_TYPE.encode()),), reason, field)


KINDS: Final[dict[str, Callable[[Random, Stream, Event], Broken]]] = {
    "missing field": _travelling(flaws.missing),
    "wrong type": _travelling(flaws.wrong_type),
    "unknown value": _travelling(flaws.unknown_value),
    "out of range": _travelling(flaws.out_of_range),
    "bad time": _travelling(flaws.bad_time),
    "contradiction": _travelling(flaws.contradiction),
    "future": _travelling(flaws.future, located=False),
    "late": _travelling(flaws.late, located=False),
    "no id": _no_id,
    "malformed": _malformed,
    "not UTF-8": _not_utf8,
    "not an object": _not_an_object,
    "empty": _empty,
    "too large": _too_large,
    "too deep": _too_deep,
    "wrong header": _wrong_header,
    "wrong envelope": _wrong_envelope,
    "hollow envelope": _hollow_envelope,
    "heartbeat": _bad_heartbeat,
}
"""Kind -> how a record of it is made."""
SCREENED: Final = frozenset({"future", "late"})
"""Kinds that decode: what is wrong with them is their time."""
