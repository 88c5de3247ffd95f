"""From the bytes and headers of one record to a typed event with its identity and event time, or a refusal.

Owns everything that makes a record readable: size, nesting, UTF-8, JSON, bounds, contradictions and the
CloudEvents attributes. Does not know offsets, append times or topics: whether an event is late, ahead of its time
or a duplicate is decided elsewhere. Safe to replay: the verdict depends on the record alone.

    plain       no ce_ headers; the payload's `id` identifies, the source is empty
    binary      headers ce_specversion, ce_id, ce_source, ce_type, ce_time; any may be absent, none may be wrong
    structured  header content-type `application/cloudevents+json`: the value is the envelope, its `data` the event
    heartbeat   header ce_type `cx.heartbeat.v1`

This is the hot path: about two microseconds for a small record, one more with CloudEvents headers. Where a header is repeated the last one counts.
"""

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final, Generic, NoReturn, TypeVar

from msgspec import Raw, Struct
from msgspec.json import Decoder

from models.consistency import check_of, seconds_of
from models.errors import RejectedEvent, RejectReason
from models.events import MAX_RECORD_BYTES, AwareTime, Event, Heartbeat
from models.refusal import Refusals

E = TypeVar("E", bound=Event)

HEARTBEAT_TYPE: Final = "cx.heartbeat.v1"
"""CloudEvents type of the records that carry time only; every stream's input may contain them."""
SPEC_VERSION: Final = "1.0"
"""The one CloudEvents version that is read and written."""
MAX_NESTING: Final = 32
"""Deepest nesting of objects and arrays in a value; events need three levels, an envelope one more."""
MAX_ID: Final = 128
"""Most characters of an id, wherever it stands; the same as `models.events.Id`."""
MAX_SOURCE: Final = 256
"""Most characters of a CloudEvents source."""

Headers = Sequence[tuple[str, bytes | None]]

_SPEC_VERSION: Final = SPEC_VERSION.encode()
_HEARTBEAT_TYPE: Final = HEARTBEAT_TYPE.encode()
_JSON: Final = b"application/json"
_CLOUDEVENTS: Final = re.compile(rb"\s*application/cloudevents", re.IGNORECASE)
_STRUCTURED: Final = re.compile(
    rb"application/cloudevents\+json\s*(;\s*charset\s*=\s*\"?utf-8\"?\s*)?", re.IGNORECASE
)
_JSON_CONTENT: Final = re.compile(
    r"(application|text)/(json|[\w.-]+\+json)\s*(;.*)?", re.IGNORECASE | re.DOTALL
)
_BRACE: Final = ord("{")
_BRACKET: Final = ord("[")
_SOURCES_KEPT: Final = 4_096

_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS: Final = bytes(sorted(set(range(256)) - set(b"[]{}")))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}

_ce_time: Final = Decoder(AwareTime)
_heartbeat: Final = Decoder(Heartbeat)
_heartbeat_refusals: Final = Refusals(Heartbeat)


class _Envelope(Struct, frozen=True, gc=False):
    """A CloudEvent in structured mode: attributes as the specification names them, the payload unread."""

    specversion: str
    type: str
    source: str
    id: str | None = None
    time: AwareTime | None = None
    datacontenttype: str = "application/json"
    data: Raw = Raw()
    data_base64: str | None = None


_envelope: Final = Decoder(_Envelope)
_envelope_refusals: Final = Refusals(_Envelope)


def identity(source: str, event_id: str) -> str:
    """Return the key under which equal events are one: the id alone, or source and id.

    A source contains no white space (it is a URI reference), so that the two parts stay apart.
    """
    return f"{source} {event_id}" if source else event_id


class EventDecoder(Generic[E]):
    """Decodes the records of one input topic.

    It keeps nothing but a bounded cache of source names: one instance may serve any number of partitions.

    Args:
        event_type: what the topic carries.
        ce_type: the CloudEvents type that its records must have, where they state one.
    """

    def __init__(self, event_type: type[E], ce_type: str) -> None:
        self.event_type = event_type
        self.ce_type = ce_type
        self._ce_type = ce_type.encode()
        self._decode = Decoder(event_type).decode
        self._check = check_of(event_type)
        self._refusals = Refusals(event_type)
        self._sources: dict[bytes | None, str] = {}

    def decode(self, value: bytes | None, headers: Headers) -> tuple[E | Heartbeat, str, str, int]:
        """Return event, id, source and event time (epoch seconds, rounded down) of one record.

        A heartbeat has neither id nor source, and time 0 where it states none. The id that is returned counts:
        that of the headers or the envelope comes before the payload's own.

        Raises:
            RejectedEvent: and nothing else, for any bytes and any headers.
        """
        event_id = source = ""
        if headers:
            found = dict(headers)
            if found.get("ce_type", self._ce_type) != self._ce_type:
                if found["ce_type"] == _HEARTBEAT_TYPE:
                    return _decode_heartbeat(value)
                _wrong_header("ce_type", f"is not {self.ce_type}")
            if found.get("content-type", _JSON) != _JSON and _is_structured(found["content-type"]):
                return self._structured(value, found)
            event_id, source = self._attributes(found)
        event, seconds = self._event(_whole(value))
        return event, event_id or event.id or _no_id(), source, seconds

    def _event(self, value: bytes) -> tuple[E, int]:
        try:
            event = self._decode(value)
        except ValueError as error:
            raise self._explained(error, value) from None
        seconds = seconds_of(event.time, "time")
        if self._check is not None:
            self._check(event)
        return event, seconds

    def _attributes(self, headers: Mapping[str, bytes | None]) -> tuple[str, str]:
        """Return id and source of a binary CloudEvent, each empty where the headers do not state it."""
        if headers.get("ce_specversion", _SPEC_VERSION) != _SPEC_VERSION:
            _wrong_header("ce_specversion", f"is not {SPEC_VERSION}")
        event_id = source = ""
        if "ce_id" in headers:
            event_id = _text(headers["ce_id"], "ce_id")
            if not 0 < len(event_id) <= MAX_ID:
                _wrong_id(event_id, "ce_id")
        if "ce_source" in headers:
            raw = headers["ce_source"]
            source = self._sources.get(raw) or self._source(_text(raw, "ce_source"), "ce_source")
        if "ce_time" in headers:
            # Read only to be refused where it is unreadable: decisions use the payload's time.
            try:
                _ce_time.decode(b'"%b"' % headers["ce_time"])  # type: ignore[str-format]
            except (ValueError, TypeError):
                _wrong_header("ce_time", "is no RFC 3339 time with an offset")
        return event_id, source

    def _explained(self, error: ValueError, value: bytes) -> RejectedEvent:
        refusal = self._refusals.explain(error)
        if refusal.reason is RejectReason.MISSING_FIELD and b'"specversion"' in value:
            advice = "a CloudEvents envelope needs the header content-type application/cloudevents+json"
            return RejectedEvent(refusal.reason, refusal.field, f"{refusal.detail}; {advice}")
        return refusal

    def _source(self, source: str, field: str) -> str:
        if source.split() != [source]:
            _wrong_header(field, "is no URI reference: it is empty or contains white space")
        if len(source) > MAX_SOURCE:
            raise RejectedEvent(RejectReason.OUT_OF_RANGE, field, f"has more than {MAX_SOURCE} characters")
        if len(self._sources) >= _SOURCES_KEPT:
            self._sources.clear()
        self._sources[source.encode()] = source
        return source

    def _structured(
        self, value: bytes | None, headers: Mapping[str, bytes | None]
    ) -> tuple[E, str, str, int]:
        try:
            envelope = _envelope.decode(_whole(value))
        except ValueError as error:
            raise _envelope_refusals.explain(error) from None
        if envelope.specversion != SPEC_VERSION:
            _wrong_header("specversion", f"is not {SPEC_VERSION}")
        if envelope.type != self.ce_type:
            _wrong_header("type", f"is not {self.ce_type}")
        if not _JSON_CONTENT.fullmatch(envelope.datacontenttype):
            _wrong_header("datacontenttype", "is not JSON")
        source = self._source(envelope.source, "source")
        event_id = envelope.id
        if event_id is not None and not 0 < len(event_id) <= MAX_ID:
            _wrong_id(event_id, "id")
        for name, stated in (("ce_id", event_id), ("ce_source", source)):
            if name in headers and _text(headers[name], name) != stated:
                _wrong_header(name, "differs from the envelope")
        payload, at = _payload(envelope)
        try:
            event, seconds = self._event(payload)
        except RejectedEvent as refusal:
            raise _inside(at, refusal) from None
        return event, event_id or event.id or _no_id(), source, seconds


def _whole(value: bytes | None) -> bytes:
    """Return `value` if its size, nesting and encoding are sound, unknown fields (which msgspec skips) included."""
    if not value:
        raise RejectedEvent(RejectReason.EMPTY, "", "has no value")
    if len(value) > MAX_RECORD_BYTES:
        raise RejectedEvent(RejectReason.TOO_LARGE, "", f"is larger than {MAX_RECORD_BYTES} bytes")
    # Most values hold one brace and no bracket; counting costs more than looking, and measuring depth far more.
    if _BRACKET in value or value.find(_BRACE, 1) > 0:
        _check_nesting(value)
    if not value.isascii():
        try:
            value.decode()
        except UnicodeDecodeError:
            raise RejectedEvent(RejectReason.MALFORMED_JSON, "", "is not valid UTF-8") from None
    return value


def _check_nesting(value: bytes) -> None:
    """Refuse before msgspec meets Python's recursion limit, which differs from one caller to the next."""
    if value.count(_BRACKET) + value.count(_BRACE) <= MAX_NESTING:
        return
    brackets = _STRINGS.sub(b"", value).translate(None, _NOT_BRACKETS)
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_NESTING:
        raise RejectedEvent(RejectReason.TOO_LARGE, "", f"is nested deeper than {MAX_NESTING} levels")


def _decode_heartbeat(value: bytes | None) -> tuple[Heartbeat, str, str, int]:
    try:
        heartbeat = _heartbeat.decode(_whole(value))
    except ValueError as error:
        raise _heartbeat_refusals.explain(error) from None
    return heartbeat, "", "", 0 if heartbeat.time is None else seconds_of(heartbeat.time, "time")


def _is_structured(content: bytes | None) -> bool:
    if content is None or not _CLOUDEVENTS.match(content):
        return False
    if not _STRUCTURED.fullmatch(content):
        _wrong_header("content-type", "is not one CloudEvent in JSON and UTF-8")
    return True


def _payload(envelope: _Envelope) -> tuple[bytes, str]:
    """Return the payload's bytes and where in the record they stand."""
    data = bytes(envelope.data)
    if envelope.data_base64 is None:
        if not data:
            raise RejectedEvent(RejectReason.MISSING_FIELD, "data", "is required")
        return data, "data"
    if data:
        _wrong_header("data_base64", "stands beside data; the specification allows one of them")
    try:
        return _whole(b64decode(envelope.data_base64, validate=True)), "data_base64"
    except RejectedEvent as refusal:
        raise _inside("data_base64", refusal) from None
    except ValueError:
        raise RejectedEvent(RejectReason.WRONG_TYPE, "data_base64", "is not base64") from None


def _inside(at: str, refusal: RejectedEvent) -> RejectedEvent:
    """Return `refusal` of a payload with the field's path in the whole record."""
    field = f"{at}.{refusal.field}" if refusal.field else at
    return RejectedEvent(refusal.reason, field, refusal.detail)


def _text(raw: bytes | None, name: str) -> str:
    if raw is None:
        _wrong_header(name, "has no value")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        _wrong_header(name, "is not valid UTF-8")


def _wrong_id(event_id: str, field: str) -> NoReturn:
    if not event_id:
        _wrong_header(field, "is empty")
    raise RejectedEvent(RejectReason.OUT_OF_RANGE, field, f"has more than {MAX_ID} characters")


def _no_id() -> NoReturn:
    raise RejectedEvent(RejectReason.MISSING_FIELD, "id", "is in neither the payload nor the attributes")


def _wrong_header(name: str, detail: str) -> NoReturn:
    raise RejectedEvent(RejectReason.WRONG_TYPE_HEADER, name, detail)
