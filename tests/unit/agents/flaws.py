"""What can be wrong with an event: one flaw put into a valid one, with the reason and the field it must be refused for.

Taken from the contract itself: every field's type, bounds and words, and the rules between fields.
"""

import string
from random import Random
from typing import Any, Final, NamedTuple

from msgspec import inspect

from models.errors import RejectReason
from models.measures import Stream
from topics.catalogue import decoders, input_of

Event = dict[str, Any]

TIME: Final = "2025-03-10T10:00:00+08:00"
EVENTS: Final[dict[Stream, Event]] = {
    Stream.COMPLAINTS: {
        "time": TIME, "customerId": "c44-1", "text": "打电话总是掉线", "channel": "hotline", "region": "44",
        "city": "广州", "district": "天河", "elementId": "olt-44-01-01", "area": "dense", "segment": "family", "tier": 4,
        "product": "home", "productId": "p1", "brand": "b", "ageBand": "adult", "networkAgeMonths": 24,
        "journeyStage": "use", "accountId": "a1", "lang": "zh", "externalId": "x1",
    },
    Stream.CALLS: {
        "time": TIME, "customerId": "c44-1", "channel": "chat", "region": "44", "department": "billing",
        "segment": "group", "product": "vas", "direction": "inbound", "answered": True, "robotHandled": True,
        "handoverRequested": True, "handoverCompleted": True, "waitSeconds": 3.5, "talkSeconds": 60,
        "holdSeconds": 1.0, "wrapSeconds": 20, "transfers": 1, "reason": "bill", "complaintId": "cmp-1",
    },
    Stream.SURVEYS: {
        "time": TIME, "customerId": "c44-1", "kind": "follow_up", "medium": "sms", "channel": "app", "region": "44",
        "department": "billing", "segment": "individual", "product": "mobile", "ageBand": "youth", "occupation": "o",
        "csat": 5, "nps": 9, "ces": 2, "subScores": {"service": 4, "price": 2}, "complaintId": "cmp-1", "comment": "好",
    },
    Stream.CASES: {
        "time": TIME, "customerId": "c44-1", "caseId": "case-1", "state": "resolved", "previousState": "inProgress",
        "category": "BIL", "department": "billing", "region": "44", "segment": "individual", "product": "mobile",
        "priority": "P2", "openedTime": "2025-03-08T10:00:00+08:00", "dueTime": "2025-03-11T10:00:00Z",
        "limitPassed": False, "followUp": "satisfied", "resolution": "refund", "compensation": 12.5, "transfers": 0,
        "reason": "r",
    },
}  # fmt: skip
"""A valid event of each stream, with every field but `id`."""


class Flaw(NamedTuple):
    """What is wrong with `event` now."""

    event: Event
    reason: RejectReason
    field: str


def _fields(stream: Stream) -> list[tuple[str, tuple[inspect.Type, ...], bool]]:
    """Return wire name, possible types and whether it is required, for each field of a stream's event."""
    info = inspect.type_info(decoders()[input_of(stream)].event_type)
    assert isinstance(info, inspect.StructType)
    return [
        (
            field.encode_name,
            field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,),
            field.required,
        )
        for field in info.fields
    ]


_FIELDS: Final = {stream: _fields(stream) for stream in Stream}
_ACCEPTS: Final[dict[type[inspect.Type], tuple[str, ...]]] = {
    inspect.StrType: ("string",),
    inspect.EnumType: ("string",),
    inspect.DateTimeType: ("string",),
    inspect.IntType: ("whole",),
    inspect.FloatType: ("whole", "fraction"),
    inspect.BoolType: ("bool",),
    inspect.StructType: ("object",),
    inspect.NoneType: ("null",),
}
"""What JSON a type is read from."""


def _members(stream: Stream, kind: type[inspect.Type]) -> list[tuple[str, Any]]:
    """Return names of the fields that may hold `kind`, with that type, times left out."""
    return [
        (name, member)
        for name, members, _ in _FIELDS[stream]
        for member in members
        if isinstance(member, kind) and not _is_time(members)
    ]


def _is_time(members: tuple[inspect.Type, ...]) -> bool:
    return any(isinstance(member, inspect.DateTimeType) for member in members)


def word(chance: Random, length: int) -> str:
    return "".join(chance.choices(string.ascii_letters, k=length))


def missing(chance: Random, stream: Stream, event: Event) -> Flaw:
    name = chance.choice([name for name, _, required in _FIELDS[stream] if required])
    del event[name]
    return Flaw(event, RejectReason.MISSING_FIELD, name)


def wrong_type(chance: Random, stream: Stream, event: Event) -> Flaw:
    name, members, _ = chance.choice(_FIELDS[stream])
    accepted = {word for member in members for word in _ACCEPTS[type(member)]}
    offered: dict[str, object] = {
        "string": word(chance, 5),
        "whole": chance.randrange(5),
        "fraction": 2.5,
        "bool": chance.random() < 0.5,
        "list": [1, "x"],
        "object": {"a": 1},
        "null": None,
    }
    event[name] = offered[chance.choice([word for word in offered if word not in accepted])]
    return Flaw(event, RejectReason.WRONG_TYPE, name)


def unknown_value(chance: Random, stream: Stream, event: Event) -> Flaw:
    words = [name for name, _ in _members(stream, inspect.EnumType)]
    codes = [name for name, member in _members(stream, inspect.StrType) if member.pattern]
    name = chance.choice(words + codes)
    event[name] = chance.choice(["no such word", "a=b", "x,y", "Ｐ１ ", "\t"])
    return Flaw(event, RejectReason.UNKNOWN_VALUE, name)


def out_of_range(chance: Random, stream: Stream, event: Event) -> Flaw:
    bounded: list[tuple[str, list[object]]] = []
    for kind in (inspect.IntType, inspect.FloatType):
        for name, number in _members(stream, kind):
            bounded.append((name, [number.ge - 1, number.le + 1, -(10**12), 10**15]))
    for name, text in _members(stream, inspect.StrType):
        if text.max_length:
            bounded.append((name, ["长" * (text.max_length + 1 + chance.randrange(9))]))
        if text.min_length:
            bounded.append((name, [""]))
    if stream is Stream.SURVEYS:
        bounded.append(("subScores.service", [{"service": 0}, {"service": 6, "price": 1}]))
    name, values = chance.choice(bounded)
    event[name.partition(".")[0]] = chance.choice(values)
    return Flaw(event, RejectReason.OUT_OF_RANGE, name)


def bad_time(chance: Random, stream: Stream, event: Event) -> Flaw:
    name = chance.choice([name for name, members, _ in _FIELDS[stream] if _is_time(members)])
    unzoned = f"2025-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}T08:30:00"
    event[name] = chance.choice(
        [
            *(unzoned, unzoned + ".25", unzoned[:10], unzoned + " CST", unzoned + "+25:00", "yesterday", ""),
            *("2025-13-01T00:00:00Z", "2025-02-30T00:00:00Z", "1999-12-31T23:59:59Z", "3001-01-01T00:00:00Z"),
            *(0, -1, 946_684_799_999, 1_741_572_000, 32_503_680_000_001, 10**18, 10**30),
        ]
    )
    return Flaw(event, RejectReason.BAD_TIME, name)


_CONTRADICTIONS: Final[dict[Stream, list[tuple[Event, str]]]] = {
    Stream.CALLS: [
        ({"handoverRequested": False, "robotHandled": False}, "handoverCompleted"),
        ({"handoverRequested": False, "handoverCompleted": False}, "answered"),
        ({"answered": False, "robotHandled": False, "handoverCompleted": False}, "talkSeconds"),
        ({"answered": False, "robotHandled": False, "talkSeconds": 0}, "holdSeconds"),
    ],
    Stream.CASES: [
        ({"dueTime": "2025-03-08T09:59:59+08:00"}, "dueTime"),
        ({"openedTime": "2025-03-10T10:00:01+08:00"}, "openedTime"),
        ({"limitPassed": True}, "limitPassed"),
        ({"limitPassed": True, "state": "held"}, "limitPassed"),
    ],
}


def contradiction(chance: Random, stream: Stream, event: Event) -> Flaw:
    """Fields against each other. A complaint without words says nothing; no fields of a survey can contradict."""
    if stream is Stream.SURVEYS:
        return bad_time(chance, stream, event)
    if stream is Stream.COMPLAINTS:
        blank = "".join(chance.choices(" \t\n\r\u3000\u00a0", k=chance.randrange(6)))
        return Flaw(event | {"text": blank}, RejectReason.OUT_OF_RANGE, "text")
    changes, field = chance.choice(_CONTRADICTIONS[stream])
    return Flaw(event | changes, RejectReason.INCONSISTENT, field)


def future(chance: Random, stream: Stream, event: Event) -> Flaw:
    time = f"{chance.randint(2200, 2900)}-06-{chance.randint(1, 28):02d}T08:30:00Z"
    return Flaw(_at(event, time), RejectReason.TIME_IN_FUTURE, "time")


def late(chance: Random, stream: Stream, event: Event) -> Flaw:
    time = f"{chance.randint(2001, 2020)}-06-{chance.randint(1, 28):02d}T08:30:00Z"
    return Flaw(_at(event, time), RejectReason.TOO_LATE, "time")


def _at(event: Event, time: str) -> Event:
    return {name: value for name, value in event.items() if name not in ("openedTime", "dueTime")} | {
        "time": time
    }
